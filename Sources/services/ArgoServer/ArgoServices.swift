/// What the Argo API does, by subject: each is a value over the seams of the store and the services, and knows nothing of HTTP.
package struct ArgoServices: Sendable {
  package var templates: TemplateServer
  package var crons: CronServer
  package var workflows: WorkflowServer
  package var archive: ArchiveServer
  package var events: EventDispatcher
  package var limits: SyncLimits
  package var artifacts: ArtifactServer

  package init(
    templates: TemplateServer, crons: CronServer, workflows: WorkflowServer, archive: ArchiveServer, events: EventDispatcher,
    limits: SyncLimits, artifacts: ArtifactServer
  ) {
    self.templates = templates
    self.crons = crons
    self.workflows = workflows
    self.archive = archive
    self.events = events
    self.limits = limits
    self.artifacts = artifacts
  }
}
