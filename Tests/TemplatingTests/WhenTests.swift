import Templating
import Testing

@Suite struct WhenTests {
  @Test(
    "conditions follow govaluate",
    arguments: [
      ("foo == bar", false), ("foo == foo", true), ("foo != bar", true), ("true", true), ("!true", false), ("'a b' == \"a b\"", true),
      ("1 < 2 && 2 >= 2", true), ("1 + 2 * 3 == 7", true), ("2 ** 3 == 8", true), ("7 % 4 == 3", true), ("10 - 3 - 2 == 5", true),
      ("8 / 2 / 2 == 2", true), ("Succeeded in (Failed, Succeeded)", true), ("x in ('a', 'b')", false), ("abc =~ 'b.'", true),
      ("abc !~ '^b'", true), ("1 == '1'", false), ("'2024-01-02' > '2024-01-01'", true), ("(1 > 2) || (3 > 2)", true),
      ("true ? false : true", false), ("1 > 2 ? false : true", true), ("b > a", true), ("-1 < 0", true), ("0x10 == 16", true),
      ("'' == ''", true), ("[a-b] == 'a-b'", true), ("a\\-b == 'a-b'", true), ("5 == 5.0", true), ("!(a == b)", true),
      ("'a' + 1 == 'a1'", true), ("1 in (1, 2)", true), ("'2024-01-02T03:04:05Z' == 1704164645", true), ("~5 == -6", true),
      ("2 ** 3 ** 2 == 64", true), ("1 | 2 == 3", true), ("1 << 3 == 8", true), ("6 & 3 ^ 1 == 3", true), ("false ?? true", false),
      ("(1 == 2) ?? true", false),
    ] as [(String, Bool)])
  func conditions(text: String, expected: Bool) throws {
    #expect(try WhenCondition.evaluate(text) == expected)
  }

  @Test(
    "errors are Argo's",
    arguments: [
      ("a <> b", "Invalid 'when' expression 'a <> b': Invalid token: '<>' (hint: try wrapping the affected expression in quotes (\"))"),
      ("foo", "Expected boolean evaluation for 'foo'. Got foo"), ("1 + 1", "Expected boolean evaluation for '1 + 1'. Got 2"),
      (" == a", "Invalid 'when' expression ' == a'"), ("a ==", "Unexpected end of expression"), ("(a == b", "Unbalanced parenthesis"),
      ("a b", "Cannot transition token types from VARIABLE"), ("1 < a", "cannot be used with the comparator '<'"),
      ("'a", "Unclosed string literal"),
      (
        "my-step == x",
        "Failed to evaluate 'when' expresion 'my-step == x': Value 'my' cannot be used with the modifier '-', it is not a number"
      ),
      ("1 < a", "Failed to evaluate 'when' expresion '1 < a': Value '1' cannot be used with the comparator '<', it is not a number"),
      ("a in b", "Value 'b' cannot be used with the comparator 'in', it is not a number"),
      ("1 =~ a", "Value '1' cannot be used with the comparator '=~', it is not a number"),
      ("true + 1", "Value 'true' cannot be used with the modifier '+', it is not a number"),
      ("1 && true", "Value '1' cannot be used with the logical operator '&&', it is not a bool"),
      ("1 ? a : b", "Value '1' cannot be used with the ternary operator '?', it is not a bool"),
      ("!(a)", "Value 'a' cannot be used with the prefix '!'"),
      ("!a", "Failed to parse 'when' expression '!a': Cannot transition token types from PREFIX [!] to STRING [a]"),
      ("a =~ '('", "Invalid 'when' expression 'a =~ '('': error parsing regexp: missing closing ): `(`"),
      ("a =~ [(]", "Failed to parse 'when' expression 'a =~ [(]': error parsing regexp: missing closing ): `(`"),
      ("a b", "Invalid 'when' expression 'a b': Cannot transition token types from VARIABLE [a] to VARIABLE [b]"),
      ("5a == 1", "Cannot transition token types from NUMERIC [5] to VARIABLE [a]"),
      ("== a", "Cannot transition token types from UNKNOWN [<nil>] to COMPARATOR [==]"),
      ("f(a)", "Undefined function f"),
      ("a.b == 1", "Unable to access unexported field 'b' in token 'a.b'"),
      ("a. == 1", "Hanging accessor on token 'a.'"),
      ("a.B == 1", "Failed to evaluate 'when' expresion 'a.B == 1': No parameter 'a' found."),
      ("[a == 1", "Unclosed parameter bracket"),
      ("true ? 1 : 2", "Expected boolean evaluation for 'true ? 1 : 2'. Got 1"),
      ("1e3 == 1000", "Cannot transition token types from NUMERIC [1] to VARIABLE [e3]"),
    ] as [(String, String)])
  func failures(text: String, message: String) {
    let error = #expect(throws: WhenError.self) { try WhenCondition.evaluate(text) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test func `a bare name is an unset parameter where barewords are no strings`() {
    #expect(throws: WhenError.self) { try WhenCondition.evaluate("foo == foo", barewordsAreStrings: false) }
  }

  @Test func `depends knows names with dashes and names of functions`() throws {
    let depends = try DependsExpression.parse("(my-task.Succeeded || first) && !len.Failed and not any-of.AllFailed")
    #expect(depends.tasks == ["my-task", "first", "len", "any-of"])
    #expect(depends.terms[0] == .init(task: "my-task", result: "Succeeded"))
    #expect(depends.evaluate { $0.task == "first" })
    #expect(!depends.evaluate { _ in true })
    for wrong in ["", "a &&", "a b", "a.Nope", "(a", "a || || b", "a & b"] {
      #expect(throws: ExpressionError.self) { try DependsExpression.parse(wrong) }
    }
  }
}
