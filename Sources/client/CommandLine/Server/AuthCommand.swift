import ArgoClient
import ArgumentParser
import Basics
import JSONValue

/// `argosy auth`.
struct AuthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "auth",
    abstract: "Manage how a server is logged in to.",
    discussion: """
      EXAMPLES
        argosy auth token
      """,
    subcommands: [AuthTokenCommand.self])
}

/// `argosy auth token`.
struct AuthTokenCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Print the token by which the server is logged in to, as the header Authorization has it.",
    discussion: """
      Where one logs in with a certificate, as the administrator does, or a service account is named, the server makes a token of that
      account (argo/argo-server when none is named; the namespace argo has to be there) that is good for the --duration.

      EXAMPLES
        argosy auth token
        curl -k -H "Authorization: $(argosy auth token)" https://localhost:2746/api/v1/workflows/argo
        export ARGO_TOKEN="$(argosy auth token --service-account argo/robot --duration 8h)"
      """)

  @Option(help: ArgumentHelp("Make a token of this service account.", valueName: "namespace/name"))
  var serviceAccount: String?

  @Option(help: ArgumentHelp("How long a token that is made is good (10m at least).", valueName: "duration"))
  var duration = "24h"

  @OptionGroup(title: "Server") var server: ServerArguments

  private func seconds() throws -> Int64 {
    guard let span = TimeSpan(argument: duration), (600...4_294_967_296).contains(span.milliseconds / 1000) else {
      throw SubmitFailure("--duration must be a duration such as 8h or 90m, of 10m at least. Received: \(duration)")
    }
    return span.milliseconds / 1000
  }

  private func account() throws -> (namespace: String, name: String) {
    let text = serviceAccount ?? "argo/argo-server"
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw SubmitFailure("--service-account must be NAMESPACE/NAME. Received: \(text)")
    }
    return (parts[0], parts[1])
  }

  func check() throws { _ = (try seconds(), try account()) }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    await dependencies.failing {
      try check()
      // A token that is given needs no server.
      let options = server.options(dependencies.environment)
      if serviceAccount == nil, let given = Self.given(options.token) {
        dependencies.output.write(given + "\n")
        return ConcludingStatus.succeeded.rawValue
      }
      return try await serve(try await dependencies.client(server), dependencies)
    }
  }

  private static func given(_ token: String) -> String? {
    if token.isEmpty { return nil }
    return token.hasPrefix("Bearer ") || token.hasPrefix("Basic ") ? token : "Bearer \(token)"
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    if serviceAccount == nil, let authorization = client.connection.authorization {
      dependencies.output.write(authorization + "\n")
      return ConcludingStatus.succeeded.rawValue
    }
    let (namespace, name) = try account()
    let request: JSON = [
      "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": .int(try seconds())],
    ]
    let path = ["api", "v1", "namespaces", namespace, "serviceaccounts", name, "token"]
    let answer: JSON
    do throws(ClientFailure) {
      answer = try await client.post(path, request)
    } catch {
      guard error.isNotFound && serviceAccount == nil else { throw error }
      throw SubmitFailure(
        "there is no service account \(namespace)/\(name) to make a token of: make the namespace (kubectl create namespace \(namespace)), or name "
          + "another account with --service-account NAMESPACE/NAME")
    }
    guard let token = answer.at("status", "token")?.string else {
      throw SubmitFailure("\(client.connection.url) made no token: is it an Argosy server?")
    }
    dependencies.output.write("Bearer \(token)\n")
    return ConcludingStatus.succeeded.rawValue
  }
}
