/// jq's functions that are themselves filters, as its manual defines them.
enum JQPrelude {
  static let definitions: [JQName: JQDefinition] = {
    do throws(JQError) {
      return Dictionary(try JQParser.definitions(text).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    } catch {
      // A test parses the text, so this does not happen.
      return [:]
    }
  }()

  private static let text = """
    def not: if . then false else true end;
    def select(f): if f then . else empty end;
    def map(f): [.[] | f];
    def add(f): [f] | add;
    def map_values(f): .[] |= f;
    def in(xs): . as $key | xs | has($key);
    def recurse: recurse(.[]?);
    def recurse(f): def down: ., (f | down); down;
    def recurse(f; condition): def down: ., (f | select(condition) | down); down;
    def to_entries: [keys[] as $key | {key: $key, value: .[$key]}];
    def from_entries: map({(.key // .Key // .name // .Name): (if has("value") then .value else .Value end)}) | add // {};
    def with_entries(f): to_entries | map(f) | from_entries;
    def while(condition; f): def loop: if condition then ., (f | loop) else empty end; loop;
    def until(condition; f): def loop: if condition then . else (f | loop) end; loop;
    def repeat(f): def loop: f, loop; loop;
    def range($end): _range(0; $end; 1);
    def range($start; $end): _range($start; $end; 1);
    def range($start; $end; $step): _range($start; $end; $step);
    def min_by(f): _min_by(map([f]));
    def max_by(f): _max_by(map([f]));
    def sort_by(f): _sort_by(map([f]));
    def group_by(f): _group_by(map([f]));
    def unique_by(f): _unique_by(map([f]));
    def arrays: select(type == "array");
    def objects: select(type == "object");
    def iterables: select(type as $type | $type == "array" or $type == "object");
    def booleans: select(type == "boolean");
    def numbers: select(type == "number");
    def strings: select(type == "string");
    def nulls: select(. == null);
    def values: select(. != null);
    def scalars: select(type as $type | $type != "array" and $type != "object");
    def finites: select(isfinite);
    def normals: select(isnormal);
    def combinations: if length == 0 then [] else .[0][] as $head | [$head] + (.[1:] | combinations) end;
    def combinations(n): [limit(n; repeat(.))] | combinations;
    def walk(f): def each: if type == "array" then map(each) elif type == "object" then map_values(each) else . end | f; each;
    def first: .[0];
    def first(f): label $found | f | ., break $found;
    def last: .[-1];
    def last(f): _last(f);
    def isempty(f): label $found | (f | false, break $found), true;
    def all: all(.);
    def all(f): all(.[]; f);
    def all(items; f): isempty(items | select(f | not));
    def any: any(.);
    def any(f): any(.[]; f);
    def any(items; f): isempty(items | select(f)) | not;
    def limit($n; f):
      if $n > 0 then label $done | foreach f as $item ($n; . - 1; $item, if . <= 0 then break $done else empty end)
      elif $n == 0 then empty
      else error("limit doesn't support negative count") end;
    def skip($n; f):
      if $n > 0 then foreach f as $item ($n; . - 1; if . < 0 then $item else empty end)
      elif $n == 0 then f
      else error("skip doesn't support negative count") end;
    def nth($n): .[$n];
    def nth($n; f): if $n >= 0 then first(skip($n; f)) else error("nth doesn't support negative index") end;
    def truncate_stream(f): . as $n | null | f | if .[0] | length > $n then .[0] |= .[$n:] else empty end;
    def fromstream(f):
      foreach f as $event (null;
        (if .done then null else . end)
        | ($event | length == 2) as $isLeaf
        | if $isLeaf then setpath(["value"] + $event[0]; $event[1]) else . end
        | .done = (($event[0] | length) == (if $isLeaf then 0 else 1 end));
        if .done then .value else empty end);
    def tostream:
      path(def down: (.[]? | down), .; down) as $path
      | getpath($path)
      | reduce path(.[]?) as $key ([$path, .]; [$path + $key]);
    def del(f): delpaths([path(f)]);
    def paths: path(..) | select(. != []);
    def paths(f): path(.. | select(f)) | select(. != []);
    def pick(f): . as $whole | reduce path(f) as $path (null; setpath($path; $whole | getpath($path)));
    def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%S%z") | mktime;
    def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
    def fromdate: fromdateiso8601;
    def todate: todateiso8601;
    def match($regex): match($regex; null);
    def match($regex; $flags): _match($regex; $flags; false)[];
    def test($regex): test($regex; null);
    def test($regex; $flags): _match($regex; $flags; true);
    def capture($regex): capture($regex; null);
    def capture($regex; $flags): match($regex; $flags) | .captures | _captures;
    def scan($regex): scan($regex; null);
    def scan($regex; $flags):
      match($regex; $flags + "g") | if .captures == [] then .string else [.captures[].string] end;
    def splits($regex): splits($regex; null);
    def splits($regex; $flags):
      .[foreach (match($regex; $flags + "g"), null) as {$offset, $length}
        (null; {start: .next, end: $offset, next: ($offset + $length)}; {start, end})];
    def split($regex; $flags): [splits($regex; $flags)];
    def sub($regex; new): sub($regex; new; null);
    def sub($regex; new; $flags):
      . as $text
      | reduce match($regex; $flags) as {$offset, $length, $captures} ({at: 0, outputs: []};
          $text[.at:$offset] as $before
          | [$captures | _captures | new] as $pieces
          | reduce range($pieces | length) as $index (.; .outputs[$index] += $before + $pieces[$index])
          | .at = $offset + $length)
      | (.outputs[] + $text[.at:]) // $text;
    def gsub($regex; new): sub($regex; new; "g");
    def gsub($regex; new; $flags): sub($regex; new; $flags + "g");
    def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] = $row);
    def INDEX(f): INDEX(.[]; f);
    def JOIN($index; f): [.[] | [., $index[f]]];
    def JOIN($index; stream; f): stream | [., $index[f]];
    def JOIN($index; stream; f; join): stream | [., $index[f]] | join;
    def IN(s): any(s == .; .);
    def IN(source; s): any(source == s; .);
    """
}
