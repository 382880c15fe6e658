import Basics
import RegularExpressions
import Templating
import Testing

@Suite struct SprigTests {
  @Test(
    "functions follow sprig",
    arguments: [
      ("trim(' a ')", "a"), ("trimAll('$', '$5$')", "5"), ("trimSuffix('-', 'a-')", "a"), ("upper('a')", "A"),
      ("title('hello world')", "Hello World"),
      ("untitle('Hello World')", "hello world"), ("repeat(3, 'ab')", "ababab"), ("substr(0, 3, 'hello')", "hel"),
      ("nospace('a b\\tc')", "abc"),
      ("trunc(3, 'hello')", "hel"), ("trunc(-2, 'hello')", "lo"), ("abbrev(5, 'hello world')", "he..."), ("initials('First Try')", "FT"),
      ("wrap(5, 'hello big world')", "hello\nbig\nworld"), ("contains('cat', 'catch')", "true"), ("hasPrefix('cat', 'catch')", "true"),
      ("quote('a', 1)", "\"a\" \"1\""),
      ("squote('a')", "'a'"), ("cat('a', 'b', 3)", "a b 3"), ("indent(2, 'a\\nb')", "  a\n  b"), ("nindent(1, 'a')", "\n a"),
      ("replace(' ', '-', 'a b c')", "a-b-c"),
      ("plural('one', 'many', 2)", "many"), ("snakecase('FirstName')", "first_name"), ("camelcase('http_server')", "HttpServer"),
      ("kebabcase('FirstName')", "first-name"),
      ("swapcase('aB')", "Ab"), ("regexMatch('^a+$', 'aaa')", "true"), ("regexFind('[a-z][0-9]', 'abc1')", "c1"),
      ("regexFindAll('[2,4]', '12345', -1)", "[\"2\",\"4\"]"),
      ("regexReplaceAll('a(x*)b', '-ab-axxb-', '${1}W')", "-W-xxW-"), ("regexReplaceAllLiteral('a(x*)b', '-ab-', '${1}')", "-${1}-"),
      ("regexSplit('z+', 'pizza', -1)", "[\"pi\",\"a\"]"), ("list(1, 'a')", "[1,\"a\"]"), ("first(['a'])", "a"), ("rest([1, 2])", "[2]"),
      ("initial([1, 2])", "[1]"),
      ("append([1], 2)", "[1,2]"), ("without([1, 2], 2)", "[1]"), ("has(2, [1, 2])", "true"), ("slice([1, 2, 3], 1)", "[2,3]"),
      ("chunk(2, [1, 2, 3])", "[[1,2],[3]]"),
      ("sortAlpha(['b', 'a'])", "[\"a\",\"b\"]"), ("join(',', ['a', 'b'])", "a,b"), ("splitList(',', 'a,b')", "[\"a\",\"b\"]"),
      ("split('$', 'a$b')._1", "b"),
      ("dict('a', 1, 'b', 2)", "{\"a\":1,\"b\":2}"), ("get({a: 'x'}, 'a')", "x"), ("hasKey({a: 1}, 'a')", "true"),
      ("pick({a: 1, b: 2}, 'a')", "{\"a\":1}"),
      ("omit({a: 1, b: 2}, 'a')", "{\"b\":2}"), ("merge({a: 1}, {a: 2, b: 3})", "{\"a\":1,\"b\":3}"),
      ("mergeOverwrite({a: 1}, {a: 2})", "{\"a\":2}"),
      ("dig('a', 'b', 'no', {a: {b: 'yes'}})", "yes"), ("add(1, '2', 3)", "6"), ("sub(5, 3)", "2"), ("div(7, 2)", "3"), ("mod(7, 2)", "1"),
      ("mul(2, 3, 4)", "24"),
      ("max(1, 5, 3)", "5"), ("ceil(1.1)", "2"), ("round(123.5555, 3)", "123.556"), ("until(3)", "[0,1,2]"),
      ("untilStep(3, 6, 2)", "[3,5]"), ("seq(1, 3)", "1 2 3"),
      ("default('d', '')", "d"), ("default('d', 'x')", "x"), ("empty(0)", "true"), ("coalesce('', 'b')", "b"),
      ("ternary('a', 'b', false)", "b"),
      ("fromJson('{\"a\":1}').a", "1"), ("toJson({a: '<'})", "{\"a\":\"\\u003c\"}"), ("toRawJson({a: '<'})", "{\"a\":\"<\"}"),
      ("b64enc('hi')", "aGk="), ("b64dec('aGk=')", "hi"),
      ("b32enc('hi')", "NBUQ===="), ("b32dec('NBUQ====')", "hi"), ("date('2006-01-02', now())", "2024-02-29"),
      ("dateInZone('15:04', now(), 'UTC')", "13:04"),
      ("dateInZone('15:04 MST -0700 Z07:00', now(), 'Nowhere/Land')", "13:04 UTC +0000 Z"),
      ("urlParse('http://me:pw@a.b:80/c%20d?e=f#g').path", "/c d"),
      (
        "urlParse('HTTPS://me:pw@a.b:80/c?e=f#g')",
        #"{"fragment":"g","host":"a.b:80","hostname":"a.b","opaque":"","path":"/c","query":"e=f","scheme":"https","userinfo":"me:pw"}"#
      ),
      ("urlParse('mailto:x@y').opaque", "x@y"),
      ("urlJoin({scheme: 'https', host: 'a.b', path: 'c d', query: 'e=f', fragment: 'g', userinfo: 'me'})", "https://me@a.b/c%20d?e=f#g"),
      ("urlJoin(sprig.urlParse('http://a.b/c?d'))", "http://a.b/c?d"),
      ("unixEpoch(now())", "1709211845"), ("htmlDate(now())", "2024-02-29"), ("toDate('2006-01-02', '2020-05-06').Year()", "2020"),
      ("duration(95)", "1m35s"),
      ("dateModify('-1h', now()).Hour()", "12"), ("semver('1.2.3-a.1').Prerelease", "a.1"), ("semverCompare('^1.2.0', '1.9.9')", "true"),
      ("semverCompare('~1.2', '1.3.0')", "false"),
      ("semverCompare('>=1.0, <2.0', '1.5.0')", "true"), ("atoi('7x')", "0"), ("int('12')", "12"), ("int64(3.9)", "3"),
      ("float64('1.5')", "1.5"), ("toString(1.5)", "1.5"),
      ("toDecimal('777')", "511"), ("kindOf([])", "slice"), ("typeOf('')", "string"), ("base('/a/b.c')", "b.c"), ("dir('/a/b')", "/a"),
      ("ext('a.tar.gz')", ".gz"), ("clean('a/../b//c')", "b/c"),
      ("md5sum('abc')", "900150983cd24fb0d6963f7d28e17f72"), ("sha1sum('abc')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
      ("sha256sum('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), ("adler32sum('abc')", "38600999"),
      (
        "sha512sum('')",
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
      ),
      ("uuidv4()", "00000000-0000-402a-8000-00000000002a"), ("randAlphaNum(3)", "QQQ"),
    ] as [(String, String)])
  func functions(source: String, expected: String) throws {
    #expect(try ExpressionTests.text("sprig." + source.replacing("now()", with: "sprig.now()")) == expected)
  }

  @Test("a time in a zone", .enabled(if: hasZones, "no time zone database on this machine"))
  func zones() throws {
    let text = try ExpressionTests.text("sprig.dateInZone('2006-01-02 15:04:05 MST -0700 -07:00 Z07:00', sprig.now(), 'Asia/Kathmandu')")
    #expect(text == "2024-02-29 18:49:05 +0545 +0545 +05:45 +05:45")
    #expect(try ExpressionTests.text("sprig.htmlDateInZone(0, 'America/New_York')") == "1969-12-31")
  }

  @Test(
    "expr's times keep their zone", .enabled(if: hasZones, "no time zone database on this machine"),
    arguments: [
      ("now().In(timezone('Asia/Kathmandu')).Format('15:04 MST')", "18:49 +0545"), ("now().In(timezone('Asia/Kathmandu')).Hour()", "18"),
      ("now().In(timezone('Asia/Kathmandu'))", "\"2024-02-29T18:49:05+05:45\""),
      ("now().In(timezone('Asia/Kathmandu')) == now()", "true"), ("string(timezone('Asia/Kathmandu'))", "Asia/Kathmandu"),
      ("(now().In(timezone('America/New_York')) + duration('216h')).Format('15:04 -0700')", "08:04 -0500"),
      ("(now().In(timezone('America/New_York')) + duration('480h')).Format('15:04 MST')", "09:04 EDT"),
      ("date('2024-07-01 12:00', '2006-01-02 15:04', 'Europe/Berlin').UTC().Hour()", "10"),
      ("date(timezone('America/New_York'), '2024-01-01').Unix()", "1704085200"),
      ("date('2024-01-01T00:00:00+02:00').Format('Z07:00 MST')", "+02:00 +0200"), ("date('2024-01-01T00:00:00+02:00').UTC().Day()", "31"),
    ])
  func exprZones(source: String, expected: String) throws {
    #expect(try ExpressionTests.text(source) == expected)
  }

  @Test("a zone that nobody knows is an error of expr")
  func unknownZone() {
    let failure = #expect(throws: ExpressionError.self) { try ExpressionTests.text("timezone('Nowhere/Land')") }
    #expect(failure?.message.contains("unknown time zone Nowhere/Land") == true)
  }

  private static let hasZones = SystemTimeZones.named("Asia/Kathmandu") != nil

  @Test(
    "regular expressions match as RE2 does, in linear time",
    arguments: [
      ("a|ab", "ab", "a"), ("a+?", "aaa", "a"), ("(?i)HeL+", "hello", "hell"), ("\\bw\\w*", "a word", "word"), ("[^a-c]+", "abxyc", "xy"),
      ("a{2,3}", "aaaa", "aaa"),
      ("(?m)^b$", "a\nb\nc", "b"), ("(?s)a.b", "a\nb", "a\nb"), ("[[:digit:]]+", "ab12", "12"), ("\\d+\\.\\d", "v1.5", "1.5"),
      ("(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", ""),
      ("\\p{Lu}", "aÉ", "É"), ("x*", "aaa", ""), ("\\Qa.b\\E", "a.b", "a.b"), ("é+", "caféé", "éé"),
    ] as [(String, String, String)])
  func regex(pattern: String, text: String, expected: String) throws {
    #expect(try LinearRegex(pattern).findAll(text, limit: 1).first ?? "" == expected)
  }
}
