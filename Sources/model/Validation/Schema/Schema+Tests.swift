extension Schema {
  /// Files of `argosy test`. The notation is ``SchemaTable``'s.
  static let argoTests = """
    WorkflowTest
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! WorkflowTestSpec
    WorkflowTestSpec : WorkflowTestCase
      cases [WorkflowTestCase]
      files [string]
      workflow string
    WorkflowTestCase
      actions [WorkflowTestAction]
      arguments {anyString}
      description string
      entrypoint string
      expect WorkflowTestExpectation
      mocks [WorkflowTestMock]
      name string
      start string
    WorkflowTestMock : WorkflowTestOutcome
      attempts [WorkflowTestOutcome]
      node string
      template string
      when string
    WorkflowTestOutcome
      containers {WorkflowTestContainer}
      duration anyString
      exitCode anyString
      message anyString
      outputs {any}
      phase string = Succeeded Failed Error
    WorkflowTestContainer
      exitCode anyString
    WorkflowTestAction
      at! anyString
      do! string = resume stop terminate suspend set
      message string
      node string
      outputs {anyString}
      phase string = Succeeded Failed Error Skipped
    WorkflowTestExpectation
      duration anyString
      message string
      nodes {WorkflowTestNode}
      order [[string]]
      outputs {anyString}
      overlap [[string]]
      parallelism integer
      phase string = Succeeded Failed Error Running Pending
      that [string]
    WorkflowTestNode
      attempts integer
      count integer
      duration anyString
      inputs {anyString}
      message string
      outputs {anyString}
      phase string = Succeeded Failed Error Skipped Omitted Running Pending Absent
    """

  /// The `apiVersion` of test files.
  package static let testVersion = "argosy/v1"
  package static let testKind = "WorkflowTest"
}
