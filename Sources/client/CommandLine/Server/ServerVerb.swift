import ArgoClient
import ArgumentParser
import Basics
import JSONValue

/// A verb that is carried out by a server. What ``serve(_:_:)`` throws is printed as the original prints it, and the command fails with status 1.
protocol ServerVerb: Verb {
  var server: ServerArguments { get }
  /// What is wrong with the flags together is thrown before a server is looked for.
  func check() throws
  /// Does the work and returns the exit status.
  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32
}

extension ServerVerb {
  func check() throws {}

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    await dependencies.failing {
      try check()
      return try await serve(try await dependencies.client(server), dependencies)
    }
  }
}

/// Neither the flags nor the environment nor this machine have a server: bad usage.
struct NoServer: Error, CustomStringConvertible {
  /// A state directory would do in its place.
  var allowsState = false

  var description: String {
    "there is no server: start one with `argosy server`, or name one with --argo-server (ARGO_SERVER) or --kubeconfig"
      + (allowsState ? ", or the state directory of an argosy run with --state" : "")
  }
}

extension CommandDependencies {
  /// The client of the server that the flags and the environment mean. From here on Ctrl-C ends the program.
  func client(_ arguments: ServerArguments) async throws -> ArgoClient {
    guard let client = try await clientIfAny(arguments) else { throw NoServer() }
    return client
  }

  /// Nil when neither the flags nor the environment nor this machine have a server.
  /// - Parameter patience: how long one request may take where the flags do not say.
  func clientIfAny(_ arguments: ServerArguments, patience: TimeSpan? = nil) async throws -> ArgoClient? {
    let options = arguments.options(environment)
    let found = try await localServer(nil)
    let resolver = ConnectionResolver(options, environment: environment) { found }
    guard var connection = try resolver.resolve() else { return nil }
    connection.requestLimit = connection.requestLimit ?? patience
    return try ArgoClient(connection)
  }

  /// Carries out what may fail: prints why, as `Error: …` on standard error, and gives the exit status.
  func failing(_ body: () async throws -> Int32) async -> Int32 {
    do {
      return try await body()
    } catch let error as NoServer {
      errors.write("Error: \(error)\n")
      return ConcludingStatus.invalid.rawValue
    } catch {
      errors.write("Error: \(Printable.block("\(error)"))\n")
    }
    return ConcludingStatus.failed.rawValue
  }
}
