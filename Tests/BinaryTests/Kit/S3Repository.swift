/// The artifact repository of a namespace that lies in a bucket of moto's.
enum S3Repository {
  /// What makes commands of AWS speak to the server.
  static func environment(_ server: Server) -> [String: String] {
    [
      "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": server.url,
      "AWS_PAGER": "",
    ]
  }

  /// Manifests of the keys' Secret and of the ConfigMap that names the repository, with `---` behind them.
  ///
  /// - Parameter more: lines of the `s3` member besides the place and its keys.
  static func manifests(port: Int, bucket: String, _ more: String...) -> String {
    let lines =
      [
        "endpoint: 127.0.0.1:\(port)", "bucket: \(bucket)", "insecure: true", "createBucketIfNotPresent: {objectLocking: false}",
        "accessKeySecret: {name: keys, key: access}", "secretKeySecret: {name: keys, key: secret}",
      ] + more
    return """
      apiVersion: v1
      kind: Secret
      metadata: {name: keys}
      stringData: {access: testing, secret: testing}
      ---
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: artifact-repositories
        annotations: {workflows.argoproj.io/default-artifact-repository: main}
      data:
        main: |
          s3:
      \(lines.map { "      " + $0 }.joined(separator: "\n"))
      ---

      """
  }
}
