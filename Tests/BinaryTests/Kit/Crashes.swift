extension Bench {
  /// Runs `flow.yaml` over `./state`, and kills it so many seconds after `begun` (a condition of bash; what the run prints is in
  /// `run.log`) is true; then goes on with `--resume`, once for each pause. Returns how often a run was killed: fewer times than asked when
  /// one was over before. Bash does it, since a pause of this process lasts long while other tests run.
  func crash(after pauses: [Double], begun: String) async throws -> Int {
    let count = try await shell(
      """
      crashes=0 arguments=flow.yaml
      for pause in \(pauses.map { "\($0)" }.joined(separator: " ")); do
        '\(Parts.argosy)' run $arguments --state state > run.log 2>&1 & run=$!
        until \(begun) || ! kill -0 $run 2> /dev/null; do sleep 0.01; done
        sleep $pause
        kill -KILL $run 2> /dev/null || true
        status=0; wait $run 2> /dev/null || status=$?
        [ $status = 137 ] || break
        crashes=$((crashes + 1)) arguments=--resume
      done
      echo $crashes
      """)
    return Int(count.filter(\.isNumber)) ?? 0
  }
}
