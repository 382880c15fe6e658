internal import ArgoServer
internal import Contracts

/// The table of the Argo API: each subject has a file of its own with its rows and the types of its messages.
enum ArgoTable {
  static func routes(_ services: ArgoServices, _ information: ServerInformation, _ settings: ArgoSettings) -> [ArgoRoute] {
    InfoRoutes.routes(information, settings) + TemplateRoutes.routes(services.templates) + CronRoutes.routes(services.crons)
      + WorkflowRoutes.routes(services.workflows) + ForkRoutes.routes(services.workflows, services.archive)
      + ArchiveRoutes.routes(services.archive)
      + EventRoutes.routes(services.events) + SyncRoutes.routes(services.limits)
      + ArtifactRoutes.routes(services.artifacts, uploadLimit: settings.uploadLimit)
  }

  static let types = [
    InfoRoutes.types, TemplateRoutes.types, CronRoutes.types, WorkflowRoutes.types, ForkRoutes.types, ArchiveRoutes.types,
    EventRoutes.types, SyncRoutes.types, ArtifactRoutes.types,
  ]
}
