import Basics
import JSONValue
import Querying
import Testing

/// Runs a filter and writes its results as jq's `-c` does, joined by spaces; an error ends them with its message.
private func results(_ filter: String, _ input: String) throws -> String {
  do {
    return try JQ(compiling: filter).run(on: JSON.parse(input)).map { $0.text(.canonical) }.joined(separator: " ")
  } catch let error as JQError {
    return "error: " + error.message
  }
}

@Suite struct JQTests {
  @Test(
    "the language of jq",
    arguments: [
      (".", #"{"b":1,"a":[true,null,"x"]}"#, #"{"a":[true,null,"x"],"b":1}"#),
      (".a.b", #"{"a":{"b":2}}"#, "2"),
      (".a[\"b\"]", #"{"a":{"b":2}}"#, "2"),
      (".[\"a\"].b", #"{"a":{"b":2}}"#, "2"),
      (".\"a\".\"b\"", #"{"a":{"b":2}}"#, "2"),
      (".a.b.c", "null", "null"),
      (".a?, .[0]?", "3", ""),
      ("[.[]?]", "3", "[]"),
      (".[-1], .[1], .[9]", "[1,2,3]", "3 2 null"),
      (".[1:], .[:1], .[-2:], .[1:2]", "[1,2,3]", "[2,3] [1] [2,3] [2]"),
      (".[1:3]", "\"aäbc\"", "\"äb\""),
      (".[1.7]", "[1,2,3]", "2"),
      (".[[2,3]]", "[1,2,3,2,3]", "[1,3]"),
      (".[]", #"{"b":1,"a":2}"#, "2 1"),
      ("..", "[[1]]", "[[1]] [1] 1"),
      ("[..|numbers]", #"{"a":[1,{"b":2}]}"#, "[1,2]"),
      ("1, 2 | . + 1", "null", "2 3"),
      ("(1,2) + (10,20)", "null", "11 12 21 22"),
      ("[(1,2) * (3,4)]", "null", "[3,6,4,8]"),
      ("{a: (1,2), b: (3,4)}", "null", #"{"a":1,"b":3} {"a":1,"b":4} {"a":2,"b":3} {"a":2,"b":4}"#),
      ("{a, \"b\", (\"c\"): 3, $x, \"d\\(1)\": 4}", #"{"a":1,"b":2}"#, "error: variable not defined: $x"),
      ("1 as $x | {a, \"b\", (\"c\"): 3, $x, \"d\\(1)\": 4, if: 5}", #"{"a":1,"b":2}"#, #"{"a":1,"b":2,"c":3,"d1":4,"if":5,"x":1}"#),
      ("{(1): 2}", "null", "error: expected a string for object key but got: number (1)"),
      ("\"a\\(1 + 1)b\\(\"c\\(.)\")\"", "5", "\"a2bc5\""),
      ("\"\\(1,2) \\(3,4)\"", "null", "\"1 3\" \"2 3\" \"1 4\" \"2 4\""),
      ("if . then 1 else 2 end", "null", "2"),
      ("if .a == 1 then \"one\" elif .a == 2 then \"two\" else \"many\" end", #"{"a":2}"#, "\"two\""),
      ("if false then 1 end", "7", "7"),
      ("[.[] | if . > 1, . > 2 then \"y\" else \"n\" end]", "[2]", #"["y","n"]"#),
      ("true and (true, false), (false or true), (true, true | not)", "null", "true false true false false"),
      (".a // 1, (false, null, 2, 3) // 4, (empty // 5), (.b // .c // 6)", "{}", "1 2 3 5 6"),
      ("1 == 1.0, \"a\" < \"b\", [] < {}, null < false, 1 != 1", "null", "true true true true false"),
      ("try error(\"x\") catch ., try error({a:1}) catch .a, (try error(null) catch .)", "null", "\"x\" 1 null"),
      ("[.[] | try if . == 2 then error(\"two\") else . end catch (\"caught \" + .)]", "[1,2,3]", #"[1,"caught two",3]"#),
      ("(try 1 catch 2) | error(\"later\")", "null", "error: error: later"),
      ("try (try 1 catch 2 | error(\"later\")) catch (\"outer \" + .)", "null", "\"outer later\""),
      ("error(\"x\")?, 1", "null", "1"),
      ("reduce .[] as $x (0; . + $x)", "[1,2,3]", "6"),
      ("reduce empty as $x (3; 4)", "null", "3"),
      ("reduce .[] as [$a, {b: $c}] (0; . + $a * $c)", #"[[2,{"b":3}],[4,{"b":5}]]"#, "26"),
      ("[foreach .[] as $x (0; . + $x)], [foreach .[] as $x (0; . + $x; [$x, .])]", "[1,2]", "[1,3] [[1,1],[2,3]]"),
      (". as [$a, {b: $c, $d}] | [$a, $c, $d]", #"[1,{"b":2,"d":3}]"#, "[1,2,3]"),
      (". as {$a, b: [$c]} | [$a, $c]", #"{"a":1,"b":[2]}"#, "[1,2]"),
      (". as {(\"a\", \"b\"): $x} | $x", #"{"a":1,"b":2}"#, "1 2"),
      (".[] as [$a] ?// $a | $a", "[[1],2]", "1 2"),
      (". as [$a] ?// $b | [$a, $b]", "3", "[null,3]"),
      ("1 + . as $x | $x * 2", "3", "8"),
      ("[label $out | 1, break $out, 2]", "null", "[1]"),
      ("break $x", "null", "error: label not defined: $x"),
      ("def f: . + 1; def g(x): x | f; g(.a)", #"{"a":1}"#, "2"),
      ("def f($a; b): $a + b + a; f(1; 2)", "null", "4"),
      ("def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; [range(1; 6)] | map(fac)", "null", "[1,2,6,24,120]"),
      ("def f(x): x * 2; f(.[])", "[1,2]", "2 4"),
      ("def f: def g: 3; g; f", "null", "3"),
      ("[limit(3; repeat(1))], [first(range(5))], [limit(0; 1)], first(empty)", "null", "[1,1,1] [0] []"),
      ("[range(5)], [range(2; 4)], [range(0; 10; 4)], [range(5; 0; -2)]", "null", "[0,1,2,3,4] [2,3] [0,4,8] [5,3,1]"),
      ("[.[] | (1 / .)?]", "[1,0,2]", "[1,0.5]"),
      ("[until(. > 100; . * 2)], [1 | while(. < 10; . * 2)]", "7", "[112] [1,2,4,8]"),
      ("[recurse(if . < 3 then . + 1 else empty end)]", "0", "[0,1,2,3]"),
      ("[recurse(. * .; . < 100)]", "2", "[2,4,16]"),
      ("isempty(empty), isempty(1, error), any(. > 1), all(. > 0), ([] | any, all)", "[1,2]", "true false true true false true"),
      ("nth(1), nth(1; .[]), last, last(.[]), first", "[5,6,7]", "6 6 7 7 5"),
      ("-.a, -(1, 2), -1 + 2", #"{"a":3}"#, "-3 -1 -2 1"),
      ("$ENV, env", "null", "{} {}"),
      ("# comment\n1 # more", "null", "1"),
      ("..a", "null", "error: unexpected token \"a\""),
      (".a |", "null", "error: unexpected EOF"),
      ("", "null", "error: missing query (try \".\")"),
      ("nope(1)", "null", "error: function not defined: nope/1"),
      ("input", "null", "error: input(s)/0 is not allowed"),
      ("{a: 1 | 2, b: 3}", "null", #"{"a":2,"b":3}"#),
      ("1 // 2 == 3, (1 == 1 and 2 == 2)", "null", "1 true"),
      (".a.b?", "1", "error: expected an object but got: number (1)"),
    ])
  func language(filter: String, input: String, expected: String) throws { #expect(try results(filter, input) == expected) }

  @Test(
    "paths and updates",
    arguments: [
      ("[path(.a[0], .b[1:2])]", "null", #"[["a",0],["b",{"end":2,"start":1}]]"#),
      ("[paths]", #"{"a":[1]}"#, #"[["a"],["a",0]]"#),
      ("[paths(type == \"number\")]", #"{"a":[1],"b":2}"#, #"[["a",0],["b"]]"#),
      ("path(..)", "[[1]]", "[] [0] [0,0]"),
      ("path(1)", "[3]", "error: invalid path against: number (1)"),
      ("[path(first(.a, .b))], [path(if .a then .a else .b end)], [path(.x // .y)]", "{}", #"[["a"]] [["b"]] [["y"]]"#),
      ("getpath([\"a\", 0, \"b\"]), getpath([\"a\", 1])", #"{"a":[{"b":5}]}"#, "5 null"),
      ("setpath([\"a\", 1]; 5), delpaths([[\"b\"], [\"a\", 0]])", #"{"b":1}"#, #"{"a":[null,5],"b":1} {}"#),
      (".a = 1, .b.c = 2, .[\"x\"] += 3", #"{"a":0}"#, #"{"a":1} {"a":0,"b":{"c":2}} {"a":0,"x":3}"#),
      (".[] += 1, .[0] |= 5, .[1:] = [9], .[-1] = 8", "[1,2,3]", "[2,3,4] [5,2,3] [1,9] [1,2,8]"),
      (".a |= empty, .a -= 1, .a *= 2, .a /= 2, .a %= 2, .b //= 7", #"{"a":4}"#, #"{} {"a":3} {"a":8} {"a":2} {"a":0} {"a":4,"b":7}"#),
      ("(.a, .b) = (1, 2)", "{}", #"{"a":1,"b":1} {"a":2,"b":2}"#),
      (".[] |= select(. > 1)", "[1,2,1,3]", "[2,3]"),
      ("(.. | numbers) |= . + 1", #"[1,{"a":2}]"#, #"[2,{"a":3}]"#),
      (
        "del(.a), del(.b[0, 2]), del(.b[1:]), del(.[\"a\", \"b\"]), del(.x.y)", #"{"a":1,"b":[1,2,3]}"#,
        #"{"b":[1,2,3]} {"a":1,"b":[2]} {"a":1,"b":[1]} {} {"a":1,"b":[1,2,3]}"#
      ),
      ("del(.[1:3], .[2:4])", "[0,1,2,3,4,5]", "[0,4,5]"),
      ("to_entries, with_entries(.value += 1), (to_entries | from_entries)", #"{"a":1}"#, #"[{"key":"a","value":1}] {"a":2} {"a":1}"#),
      ("from_entries", #"[{"name":"a","value":false},{"Key":"b","Value":2}]"#, #"{"a":false,"b":2}"#),
      ("map_values(. + 1), map_values(empty), pick(.a, .c)", #"{"a":1,"b":2}"#, #"{"a":2,"b":3} {} {"a":1,"c":null}"#),
      ("[tostream], fromstream(tostream)", #"{"a":[1,2]}"#, #"[[["a",0],1],[["a",1],2],[["a",1]],[["a"]]] {"a":[1,2]}"#),
      ("[1 | truncate_stream([[0],1],[[1,0],2],[[1,0]],[[1]])]", "null", "[[[0],2],[[0]]]"),
      ("walk(if type == \"number\" then . + 1 else . end)", #"[1,{"a":2}]"#, #"[2,{"a":3}]"#),
      (".[-5] = 1", "[1]", "error: setpath([-5]; 1) cannot be applied to [1]: array index should not be negative: -5"),
      (".a = 1", "[]", "error: setpath([\"a\"]; 1) cannot be applied to []: expected an object but got: array ([])"),
      ("limit(1; .a[]) = 5", #"{"a":[1,2]}"#, #"{"a":[5,2]}"#),
    ])
  func paths(filter: String, input: String, expected: String) throws { #expect(try results(filter, input) == expected) }

  @Test(
    "functions on lists, objects and numbers",
    arguments: [
      ("length, ([] | length), (null | length), (-5 | length), (\"aä\" | length), (\"aä\" | utf8bytelength)", #"{"a":1}"#, "1 0 0 5 2 3"),
      ("length", "true", "error: length cannot be applied to: boolean (true)"),
      (
        "keys, has(\"a\"), has(\"z\"), ([1] | has(0), has(1)), (\"a\" | in({\"a\":1}))", #"{"b":1,"a":2}"#,
        #"["a","b"] true false true false true"#
      ),
      (
        "add, add(.[] + 1), ([\"a\",\"b\"] | add), ([[1],[2]] | add), ([] | add), ([{\"a\":1},{\"b\":2}] | add)", "[1,2]",
        #"3 5 "ab" [1,2] null {"a":1,"b":2}"#
      ),
      ("sort, unique, min, max, reverse, ([] | min)", "[3,1,2,1]", "[1,1,2,3] [1,2,3] 1 3 [1,2,1,3] null"),
      ("sort", #"[{"b":1},[2],"a",1,true,false,null]"#, #"[null,false,true,1,"a",[2],{"b":1}]"#),
      (
        "sort_by(.a), sort_by(.b, .a), group_by(.b), unique_by(.b), min_by(.a).a, max_by(.a).a", #"[{"a":2,"b":1},{"a":1,"b":1}]"#,
        #"[{"a":1,"b":1},{"a":2,"b":1}] [{"a":1,"b":1},{"a":2,"b":1}] [[{"a":2,"b":1},{"a":1,"b":1}]] [{"a":2,"b":1}] 1 2"#
      ),
      ("flatten, flatten(1)", "[1,[2,[3]]]", "[1,2,3] [1,2,[3]]"),
      ("flatten(-1)", "[1]", "error: flatten depth should not be negative: -1"),
      ("contains(\"bar\"), inside(\"foobarx\")", "\"foobar\"", "true true"),
      ("contains({a:[1]}), contains({b:1}), ([1,[2]] | contains([[2]]))", #"{"a":[1,2]}"#, "true false true"),
      (
        "indices(1), index(1), rindex(1), indices([1,2]), (\"a,b,c\" | indices(\",\"), index(\",\"), rindex(\",\"))", "[1,2,1]",
        "[0,2] 0 2 [0] [1,3] 1 3"
      ),
      ("join(\",\"), ([] | join(\",\"))", #"["a",1,null,true]"#, #""a,1,,true" """#),
      ("transpose", "[[1],[2,3]]", "[[1,2],[null,3]]"),
      ("bsearch(2), bsearch(0), bsearch(4)", "[1,2,3]", "1 -1 -4"),
      ("[combinations]", "[[1,2],[3,4]]", "[[1,3],[1,4],[2,3],[2,4]]"),
      ("[combinations(2)]", "[0,1]", "[[0,0],[0,1],[1,0],[1,1]]"),
      ("floor, ceil, round, sqrt, fabs, trunc, (-1.5 | round, floor), pow(2; 10), log2, exp10", "4", "4 4 4 2 4 4 -2 -2 1024 2 10000"),
      ("infinite, -infinite, nan | isinfinite, isnan", "null", "true false true false false true"),
      ("[nan] | sort, tojson", "null", "[null] \"[null]\""),
      ("nan < 1, nan == nan, ([nan, 1] | min)", "null", "true false null"),
      ("1 / 3, 6 / 3, 7 % 3, -7 % 3, 5.9 % 2.1, 1e3", "null", "0.3333333333333333 2 1 -1 1 1000"),
      ("1 / 0", "null", "error: cannot divide number (1) by: number (0)"),
      ("1 % 0", "null", "error: cannot modulo number (1) by: number (0)"),
      ("{} - 1", "null", "error: cannot subtract: object ({}) and number (1)"),
      (
        "[1,2,3,1] - [1], {a:{b:1}} * {a:{c:2}}, {a:1} + {a:2}, \"ab\" * 2, \"ab\" * 0", "null",
        #"[2,3] {"a":{"b":1,"c":2}} {"a":2} "abab" """#
      ),
      ("\"a,b\" / \",\", null + 1, 1 + null", "null", #"["a","b"] 1 1"#),
      (
        "9223372036854775807 + 1, 10000000000000000000000 * 10, 100000000000000000000 / 10, -9223372036854775808 - 1", "null",
        "9223372036854775808 100000000000000000000000 10000000000000000000 -9223372036854775809"
      ),
      (
        "100000000000000000001 % 10, (100000000000000000000 | -.), 100000000000000000000 > 99999999999999999999", "null",
        "1 -100000000000000000000 true"
      ),
      (".a, .a + 1", #"{"a":9007199254740993}"#, "9007199254740992 9007199254740992"),
      ("tonumber, (\"-1.5e2\" | tonumber), (\"12345678901234567890\" | tonumber)", "\"7\"", "7 -150 12345678901234567890"),
      ("tonumber", "\"1x\"", "error: tonumber cannot be applied to \"1x\": invalid number"),
      ("toboolean, (true | toboolean)", "\"false\"", "false true"),
      ("abs, (-3 | abs), (-1.5 | abs)", "3", "3 3 1.5"),
      ("[splits(\", *\")], ascii_downcase, ascii_upcase", "\"A, b,C\"", #"["A","b","C"] "a, b,c" "A, B,C""#),
      (
        "[.[] | tostring], [.[] | tojson], [.[] | type]", #"["a",1,1.5,null,true,[1,"b"],{"c":2}]"#,
        #"["a","1","1.5","null","true","[1,\"b\"]","{\"c\":2}"] ["\"a\"","1","1.5","null","true","[1,\"b\"]","{\"c\":2}"] "#
          + #"["string","number","number","null","boolean","array","object"]"#
      ),
      (
        "1e100, 1e17, 1e-7, 0.00001, 1.10, 100000000000000000000000 | tojson", "null",
        #""1e+100" "100000000000000000" "1e-7" "0.00001" "1.1" "100000000000000000000000""#
      ),
      ("fromjson", #""{\"a\":[1,12345678901234567890]}""#, #"{"a":[1,12345678901234567890]}"#),
      (
        "IN(2, 3), ([1,2] | IN([1,2])), INDEX({id:1}, {id:2}; .id), ([{id:1}] | INDEX(.id))", "2",
        #"true true {"1":{"id":1},"2":{"id":2}} {"1":{"id":1}}"#
      ),
      (
        "[limit(2; .[])], [skip(1; .[])], [.[] | select(. > 1)], map(. * 2), (map(tostring) | join(\"-\"))", "[1,2,3]",
        #"[1,2] [2,3] [2,3] [2,4,6] "1-2-3""#
      ),
      ("getpath([\"a\"]; 1)", "null", "error: function not defined: getpath/2"),
      ("ltrimstr(1)", "\"a\"", "error: ltrimstr(1) cannot be applied to: string (\"a\")"),
      (
        "keys", "\"a long string that goes on and on and on\"",
        "error: keys cannot be applied to: string (\"a long string that goes  ...\")"
      ),
    ])
  func values(filter: String, input: String, expected: String) throws { #expect(try results(filter, input) == expected) }

  @Test(
    "functions on strings and formats",
    arguments: [
      (
        "startswith(\"a\"), endswith(\"c\"), ltrimstr(\"a\"), rtrimstr(\"c\"), trimstr(\"a\"), ltrimstr(\"x\")", "\"abca\"",
        #"true false "bca" "abca" "bc" "abca""#
      ),
      ("trim, ltrim, rtrim", "\"  a \"", #""a" "a " "  a""#),
      ("explode, (explode | implode)", "\"aé\"", #"[97,233] "aé""#),
      ("split(\", \"), split(\"\"), split(\"a\"; null)", "\"a, b\"", #"["a","b"] ["a",","," ","b"] ["",", b"]"#),
      (
        "test(\"B\"), test(\"B\"; \"i\"), [match(\"a|b\"; \"g\").offset], [scan(\"[a-z]\")], [scan(\"(.)(.)\")]", "\"abc\"",
        #"false true [0,1] ["a","b","c"] [["a","b"]]"#
      ),
      ("capture(\"(?<y>\\\\d+)-(?<m>\\\\d+)\")", "\"2026-11\"", #"{"m":"11","y":"2026"}"#),
      (
        "match(\"(ä)(x)?\")", "\"aäb\"",
        #"{"captures":[{"length":1,"name":null,"offset":1,"string":"ä"},{"length":0,"name":null,"offset":-1,"string":null}],"length":1,"offset":1,"string":"ä"}"#
      ),
      (
        "sub(\"a\"; \"x\"), gsub(\"a\"; \"x\"), gsub(\"(?<l>[a-c])\"; \"<\\(.l)>\"), sub(\"q\"; \"x\"), gsub(\"\"; \"-\")", "\"abca\"",
        #""xbca" "xbcx" "<a><b><c><a>" "abca" "-a-b-c-a-""#
      ),
      ("[sub(\"a\"; \"x\", \"y\")], [gsub(\"a\"; \"x\", \"y\")]", "\"aba\"", #"["xba","yba"] ["xbx","yby"]"#),
      ("test(\"(\")", "\"a\"", "error: invalid regular expression \"(\": error parsing regexp: missing closing ): `(`"),
      ("test(\"a\"; \"q\")", "\"a\"", "error: unsupported regular expression flag: \"q\""),
      (
        "@base64, (@base64 | @base64d), @uri, @html, @sh, @json, @text", "\"<&'\\\"é>\"",
        #""PCYnIsOpPg==" "<&'\"é>" "%3C%26%27%22%C3%A9%3E" "&lt;&amp;&apos;&quot;é&gt;" "'<&'\\''\"é>'" "\"<&'\\\"é>\"" "<&'\"é>""#
      ),
      (
        "@csv, @tsv, @sh", #"[1,"a\"b",null,true,"x\ty"]"#,
        #""1,\"a\"\"b\",,true,\"x\ty\"" "1\ta\"b\t\ttrue\tx\\ty" "1 'a\"b' null true 'x\ty'""#
      ),
      ("@csv", "[[1]]", "error: @csv cannot format an array including: array ([1])"),
      ("@base64 \"x\\(.)y\", @json \"v=\\(.)\", @uri \"?q=\\(.)\", @urid", "\"a b\"", #""xYSBiy" "v=\"a b\"" "?q=a%20b" "a b""#),
      ("@nope", "1", "error: format not defined: @nope"),
      ("format(\"base64\"), ([1,2] | format(\"csv\"))", "\"a\"", #""YQ==" "1,2""#),
      ("@base64d", "\"!\"", "error: @base64d cannot be applied to \"!\": illegal base64 data at input byte 0"),
      (
        "fromdate, todate, gmtime, (gmtime | mktime, todate)", "0",
        "error: strptime(\"%Y-%m-%dT%H:%M:%S%z\") cannot be applied to: number (0)"
      ),
      (
        "todate, gmtime, (gmtime | mktime, todate), strftime(\"%A %d %B %Y %j %U %V %e|%-d %H:%M:%S %Z %%\")", "1425599621",
        #""2015-03-05T23:53:41Z" [2015,2,5,23,53,41,4,63] 1425599621 "2015-03-05T23:53:41Z" "Thursday 05 March 2015 064 09 10  5|5 23:53:41 UTC %""#
      ),
      (
        "fromdate, (strptime(\"%Y-%m-%dT%H:%M:%SZ\") | ., mktime)", "\"2015-03-05T23:51:47Z\"",
        "1425599507 [2015,2,5,23,51,47,4,63] 1425599507"
      ),
      ("strptime(\"%d %b %Y %I:%M %p\") | mktime", "\"05 Mar 2015 11:51 PM\"", "1425599460"),
      ("strptime(\"%Y\")", "\"x\"", "error: strptime(\"%Y\") cannot be applied to \"x\": failed to parse \"x\" with \"%Y\""),
      ("[2024,1,30,0,0,0,0,0] | mktime | todate", "null", #""2024-03-01T00:00:00Z""#),
      ("now", "null", "0"),
    ])
  func strings(filter: String, input: String, expected: String) throws { #expect(try results(filter, input) == expected) }

  @Test(
    "the text is the executor's: strings as they are, the rest as Go's JSON, a line each, trimmed",
    arguments: [
      (".a", #"{"a":"x"}"#, "x"),
      (".a", "{}", "null"),
      (".[]", #"["a",1,{"z":1,"b":"<&>"}]"#, "a\n1\n{\"b\":\"\\u003c\\u0026\\u003e\",\"z\":1}"),
      ("empty", "1", ""),
      ("\"  a \\n\"", "1", "a"),
      (".n", #"{"n":1e21}"#, "1e+21"),
      (".n", #"{"n":3.0}"#, "3"),
      (
        ".status.conditions[] | select(.type == \"Ready\") | .status", #"{"status":{"conditions":[{"type":"Ready","status":"True"}]}}"#,
        "True"
      ),
    ])
  func text(filter: String, input: String, expected: String) throws {
    #expect(try JQ(compiling: filter).text(on: JSON.parse(input)) == expected)
  }

  @Test("a number that JSON cannot hold is the executor's error")
  func unsupported() throws {
    let filter = try JQ(compiling: "[nan]")
    let error = #expect(throws: JQError.self) { try filter.text(on: .null) }
    #expect(error?.message == "json: unsupported value: NaN")
  }

  @Test(
    "no filter runs for ever, exhausts the stack or fills the memory",
    arguments: [
      "repeat(1) | empty", "def f: f; f", "def f: 1 + f; f", "def f(x): f(x | x); f(.)", "[repeat(1)]", "[recurse([.])] | length",
      "reduce range(100000) as $i (0; [.])", "\"x\" | until(false; . + .)", "[1] | until(false; . + .)", "2 | until(false; . * .)",
      "path(repeat(.a))", "def f: (1, f); [f]", "def f: try f catch f; f", "[range(infinite)]", "until(false; .a)",
    ])
  func bounds(filter: String) throws {
    let compiled = try JQ(compiling: filter)
    #expect(throws: JQError.self) { try compiled.run(on: .null, steps: 400_000) }
  }

  @Test("deep recursion that ends is no error")
  func depth() throws {
    #expect(try JQ(compiling: "last(range(100000))").run(on: .null) == [99_999])
    #expect(try JQ(compiling: "def f: if . >= 20000 then . else (. + 1 | f) end; f").run(on: 0) == [.double(20_000)])
    #expect(try JQ(compiling: "[recurse(if . < 5000 then . + 1 else empty end)] | length").run(on: 0) == [5001])
  }

  @Test(
    "what does not parse is refused",
    arguments: [
      "(", "[1", "{a:}", "\"abc", "\"\\x\"", "1 as x | 2", "if 1 then", ".[", "1 = 2 = 3", "1 == 2 == 3", "@", "%", "def f 1; 2",
      "reduce 1 as $x (1)", String(repeating: "(", count: 5000), String(repeating: "1+", count: 3000) + "1",
    ])
  func refused(filter: String) {
    #expect(throws: JQError.self) { try JQ(compiling: filter) }
  }
}
