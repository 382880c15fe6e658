/// What `kubectl explain` says of types and fields, in this project's own words.
enum TypeDescriptions {
  /// Of a field, by its type and its name; else by its name alone. Empty where nothing is written.
  static func text(of field: String, in type: String) -> String { fields["\(type).\(field)"] ?? fields[field] ?? "" }

  static func text(ofType type: String) -> String { types[type] ?? "" }

  private static let fields = read(metadataFields + "\n" + podFields + "\n" + argoFields + "\n" + otherFields)
  private static let types = read(typeTexts)

  /// Lines of a name, a colon and a text.
  private static func read(_ table: String) -> [String: String] {
    var result: [String: String] = [:]
    for line in table.split(separator: "\n") {
      guard let colon = line.firstRange(of: ": ") else { continue }
      result[String(line[..<colon.lowerBound])] = String(line[colon.upperBound...])
    }
    return result
  }

  private static let typeTexts = """
    Pod: Containers that run together on this machine, with their volumes.
    Container: One program of a pod: its image, command, environment and mounts.
    Namespace: A scope of names: objects of most kinds live in one and go with it.
    Node: The machine that runs the pods.
    Secret: Small confidential values by keys, encrypted in the database.
    ConfigMap: Small plain values by keys.
    ServiceAccount: An identity for programs; its tokens authenticate against this server.
    PersistentVolume: Storage of this machine that outlives pods.
    PersistentVolumeClaim: A pod's request for storage; it is bound to a volume.
    StorageClass: A way by which volumes are made for claims.
    Event: A report of something that happened to an object. Events expire.
    Lease: A lock that its holder renews.
    Role: Rules of what may be done in one namespace.
    ClusterRole: Rules of what may be done in all namespaces and with cluster-wide kinds.
    RoleBinding: Grants a role in one namespace.
    ClusterRoleBinding: Grants a cluster role everywhere.
    CustomResourceDefinition: Adds a kind of objects to this server.
    Workflow: One run: templates, where to begin, and how far it has come.
    WorkflowTemplate: Templates and settings that workflows of a namespace refer to.
    ClusterWorkflowTemplate: Templates and settings that workflows of all namespaces refer to.
    CronWorkflow: Starts a workflow at the times of its schedules.
    WorkflowEventBinding: Starts a workflow for each event that its selector takes.
    WorkflowTaskSet: The requests and plugin calls that an agent does for a workflow.
    WorkflowTaskResult: What a step gave: outputs, progress, message.
    WorkflowArtifactGCTask: Artifacts that are to be deleted.
    SyncLimit: How many may hold a semaphore that is kept in the database.
    Template: A step's work: a container, script, resource, request, plugin or pause, or further steps or tasks.
    SelfSubjectAccessReview: Asks whether the caller may do something.
    SelfSubjectRulesReview: Asks what the caller may do in a namespace.
    SelfSubjectReview: Asks who the caller is.
    SubjectAccessReview: Asks whether somebody may do something.
    LocalSubjectAccessReview: Asks whether somebody may do something in a namespace.
    TokenReview: Asks whom a token stands for.
    TokenRequest: Asks for a token of a service account.
    """

  private static let metadataFields = """
    apiVersion: The API group and version of the object.
    kind: The kind of the object.
    metadata: Name, namespace, labels and what else all objects have.
    spec: What is wanted.
    status: What is: the server's part of the object.
    name: The name. It is unique among its like.
    namespace: The namespace that holds the object.
    labels: Short texts by keys, to pick objects by.
    annotations: Texts by keys for programs and people; objects are not picked by them.
    uid: Identifies the object among all that ever were.
    generateName: The beginning of a name that the server completes.
    generation: Counts the changes of what is wanted.
    resourceVersion: The revision that wrote the object; a write with an older one is a conflict.
    creationTimestamp: When the object was made.
    deletionTimestamp: When the object was or is to be deleted; it goes when its finalizers are gone.
    deletionGracePeriodSeconds: How long the object may take to end.
    finalizers: Who has something to do before the object goes.
    ownerReferences: The objects that this one belongs to and goes with.
    managedFields: Who set which fields, and when.
    selfLink: No longer set.
    items: The elements.
    continue: The token that the next page begins with.
    remainingItemCount: How many objects come after this page.
    OwnerReference.controller: The owner that manages the object.
    OwnerReference.blockOwnerDeletion: A foreground deletion of the owner waits for this object.
    matchLabels: Labels that must have these values.
    matchExpressions: Requirements on labels; all must hold.
    operator: How key and values are compared.
    key: The key that is meant.
    values: The values that are compared with.
    """

  private static let podFields = """
    containers: The programs of the pod, which start together.
    initContainers: Programs that run one after the other before the containers start.
    ephemeralContainers: Containers that were added to a running pod. They are not run here.
    volumes: Storage that the containers mount.
    restartPolicy: When containers that ended are started anew.
    terminationGracePeriodSeconds: The time between the signal to end and the kill, in seconds.
    activeDeadlineSeconds: How long this may take, in seconds, before it is stopped.
    serviceAccountName: The service account that the pod acts as.
    serviceAccount: The old name of serviceAccountName.
    automountServiceAccountToken: Whether the account's token is mounted.
    nodeName: The machine that the pod runs on.
    nodeSelector: Labels that a machine must have. There is one machine here.
    affinity: Wishes about the machine. There is one machine here.
    tolerations: Taints of machines that do not matter. There is one machine here.
    hostNetwork: Whether the pod uses the machine's network. All pods do here.
    hostAliases: Names and addresses for the pod's hosts file.
    dnsPolicy: Where names are looked up.
    dnsConfig: Further settings of name resolution.
    imagePullSecrets: Credentials for image registries. No images are pulled here.
    priorityClassName: The name of a priority.
    schedulerName: Who chooses the machine.
    securityContext: User, groups and privileges.
    image: The image. It names the program's surroundings; nothing is downloaded.
    imagePullPolicy: When an image is pulled. No images are pulled here.
    command: The program and its first arguments; what the image has where this is missing.
    args: The arguments.
    env: Environment variables.
    envFrom: ConfigMaps and Secrets whose keys become environment variables.
    workingDir: The directory that the program starts in.
    ports: The ports.
    containerPort: The port that the program listens on.
    volumeMounts: Where volumes are mounted.
    mountPath: The path inside the container.
    subPath: The path inside the volume.
    readOnly: Whether writing is refused.
    resources: What is asked for and allowed of processor and memory.
    limits: The most that may be used.
    requests: What is set aside.
    livenessProbe: Finds out whether the program still works; it is restarted when not.
    readinessProbe: Finds out whether the program can serve.
    startupProbe: Finds out whether the program has started.
    lifecycle: Actions after the start and before the end.
    terminationMessagePath: The file whose text becomes the container's last message.
    terminationMessagePolicy: Where the last message is taken from.
    stdin: Whether standard input stays open.
    tty: Whether the program has a terminal.
    value: The value.
    valueFrom: Where the value comes from.
    configMapKeyRef: A key of a ConfigMap.
    secretKeyRef: A key of a Secret.
    fieldRef: A field of the pod.
    optional: Whether it may be missing.
    emptyDir: An empty directory that lives as long as the pod.
    hostPath: A path of the machine.
    configMap: The keys of a ConfigMap as files.
    secret: The keys of a Secret as files.
    persistentVolumeClaim: The volume that a claim is bound to.
    projected: Several sources in one directory.
    phase: How far it is.
    conditions: What holds of it, with times and reasons.
    message: A text for people.
    reason: A word for programs.
    containerStatuses: The state of each container.
    initContainerStatuses: The state of each init container.
    startTime: When the machine took the pod.
    podIP: The pod's address.
    qosClass: Which pods go first when memory runs out.
    restartCount: How often the container was started anew.
    exitCode: The code that the program ended with.
    startedAt: When it began.
    finishedAt: When it ended.
    """

  private static let argoFields = """
    entrypoint: The template that a workflow begins with.
    templates: What steps can do, by name.
    arguments: The parameters and artifacts that are handed over.
    parameters: Values in text.
    artifacts: Files and directories.
    onExit: The template that runs at the end, however that comes.
    hooks: Templates that run when an expression becomes true.
    suspend: Whether it waits; of a CronWorkflow: whether its schedule does; of a template: how long.
    shutdown: Stop or Terminate: ends the workflow.
    parallelism: How many pods may run at once.
    priority: Higher ones start first.
    ttlStrategy: How long a workflow is kept after its end.
    podGC: When pods of ended steps are deleted.
    retryStrategy: When and how often a failed step is tried again.
    synchronization: Mutexes and semaphores that must be held meanwhile.
    metrics: Metrics of its own.
    workflowTemplateRef: The WorkflowTemplate that the workflow is made from.
    templateRef: A template of a WorkflowTemplate.
    volumeClaimTemplates: Claims that are made for the run.
    podSpecPatch: A strategic merge patch of the pod, as text.
    templateDefaults: What all templates have unless they say otherwise.
    container: A container is the step's work.
    script: A program in the manifest is the step's work.
    containerSet: Several containers in one pod, in an order.
    steps: Groups of steps, one after the other; those of a group run at once.
    dag: Tasks that wait for each other.
    tasks: The tasks.
    dependencies: The tasks that must have succeeded before.
    depends: A condition on other tasks, such as a.Succeeded && !b.Skipped.
    resource: Something is done with a Kubernetes object.
    data: Lists of artifacts are made.
    http: An HTTP request is made.
    plugin: A plugin does the work.
    inputs: What comes in.
    outputs: What comes out.
    memoize: Outputs are kept and taken again.
    sidecars: Containers beside the main one.
    daemon: The step runs on until its surroundings end.
    timeout: How long it may take.
    when: A condition; where it is false a step is skipped, and a CronWorkflow starts nothing.
    withItems: The step is done for each of these values.
    withParam: The step is done for each element of this list in JSON.
    withSequence: The step is done for each of these numbers.
    continueOn: Which ends of the step do not stop what follows.
    failFast: Whether the first failure stops the others.
    source: The text of the program; of an event: who reports.
    schedules: The times in cron's notation.
    timezone: The time zone of the schedules.
    concurrencyPolicy: What happens when the one before still runs: Allow, Forbid or Replace.
    startingDeadlineSeconds: How late a missed run may still start.
    successfulJobsHistoryLimit: How many succeeded workflows are kept.
    failedJobsHistoryLimit: How many failed workflows are kept.
    workflowSpec: The workflow that is started.
    nodes: The steps that have begun, by their IDs.
    progress: Finished of all pods, such as 2/5.
    globalName: A name by which the whole workflow sees the output.
    default: The value where none is given.
    enum: The values that are allowed.
    from: The output that the artifact comes from.
    path: The path.
    s3: The artifact lies in an S3 bucket.
    gcs: The artifact lies in Google Cloud Storage.
    git: The artifact is a Git repository.
    raw: The artifact is a text in the manifest.
    """

  private static let otherFields = """
    Secret.type: What the keys mean; programs rely on it.
    Secret.stringData: Values as plain text; the server puts them into data.
    data: The values by keys; of a Secret in base64.
    binaryData: Values that are no text, in base64.
    immutable: Whether the content never changes again.
    accessModes: Who may mount the volume: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.
    storageClassName: The storage class.
    volumeName: The volume that the claim is bound to.
    volumeMode: Filesystem or Block.
    capacity: The size.
    claimRef: The claim that the volume is bound to.
    persistentVolumeReclaimPolicy: What becomes of the volume when its claim goes.
    provisioner: Who makes the volumes.
    reclaimPolicy: What becomes of a volume when its claim goes.
    volumeBindingMode: When claims are bound.
    rules: What may be done.
    verbs: The verbs; * for all.
    apiGroups: The API groups; * for all.
    resourceNames: The names that the rule is for; all where this is empty.
    nonResourceURLs: Paths that are no resources.
    subjects: Who gets the role.
    roleRef: The role. It cannot be changed.
    aggregationRule: Roles whose rules this one takes over.
    holderIdentity: Who holds the lease.
    leaseDurationSeconds: How long the lease lasts without being renewed.
    renewTime: When the holder last renewed it.
    involvedObject: The object that the event is about.
    count: How often it happened.
    firstTimestamp: When it happened first.
    lastTimestamp: When it happened last.
    group: The API group.
    names: The names of the kind.
    scope: Namespaced or Cluster.
    versions: The versions of the kind.
    served: Whether clients can use the version.
    storage: Whether objects are stored in the version.
    schema: The shape of the objects.
    openAPIV3Schema: The shape of the objects, as a structural schema.
    additionalPrinterColumns: The columns that kubectl get prints.
    subresources: status, where writes of it are apart.
    PolicyRule.resources: The resources; * for all.
    """
}
