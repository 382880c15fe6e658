import Contracts

/// What other services do for the node service; each may be absent.
package struct NodeHelpers: Sendable {
  /// Binds claims to volumes; nil: pods can have none.
  package var claims: (any ClaimBinding)?
  /// Issues the tokens that pods use to speak with the API; nil: pods get none.
  package var tokens: (any TokenIssuing)?
  /// Keeps events about pods; nil: they are not told.
  package var events: (any EventRecording)?
  /// Says what the actions of resource templates may do, in the name of their pod's service account; nil: everything, for a workflow that its
  /// own user runs.
  package var authorizer: (any Authorizing)?
  /// Complete and refuse what those actions write, as they do with writes of API clients.
  package var admitters: [any Admitting] = []
  /// The files of service accounts, made by the service from `tokens`.
  var accounts: AccountFiles?

  package init(
    claims: (any ClaimBinding)? = nil, tokens: (any TokenIssuing)? = nil, events: (any EventRecording)? = nil,
    authorizer: (any Authorizing)? = nil, admitters: [any Admitting] = []
  ) {
    self.claims = claims
    self.tokens = tokens
    self.events = events
    self.authorizer = authorizer
    self.admitters = admitters
  }
}
