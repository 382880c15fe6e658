extension ProtobufTypes {
  /// Messages of the other groups and of `meta/v1`.
  static let others = """
    Condition
      type 1 s, status 2 s, observedGeneration 3 i, lastTransitionTime 4 Time, reason 5 s, message 6 s
    DeleteOptions
      gracePeriodSeconds 1 ?i, preconditions 2 ?Preconditions, orphanDependents 3 ?b, propagationPolicy 4 ?s, dryRun 5 *s,
      ignoreStoreReadErrorWithClusterBreakingPotential 6 ?b
    FieldSelectorRequirement
      key 1 s, operator 2 s, values 3 *s
    LabelSelector
      matchLabels 1 %s, matchExpressions 2 *LabelSelectorRequirement
    LabelSelectorRequirement
      key 1 s, operator 2 s, values 3 *s
    ManagedFieldsEntry
      manager 1 s, operation 2 s, apiVersion 3 s, time 4 ?Time, fieldsType 6 s, fieldsV1 7 ?FieldsV1, subresource 8 s
    ObjectMeta
      name 1 s, generateName 2 s, namespace 3 s, selfLink 4 s, uid 5 s, resourceVersion 6 s, generation 7 i,
      creationTimestamp 8 Time, deletionTimestamp 9 ?Time, deletionGracePeriodSeconds 10 ?i, labels 11 %s, annotations 12 %s,
      ownerReferences 13 *OwnerReference, finalizers 14 *s, managedFields 17 *ManagedFieldsEntry
    OwnerReference
      apiVersion 5 s, kind 1 s, name 3 s, uid 4 s, controller 6 ?b, blockOwnerDeletion 7 ?b
    Preconditions
      uid 1 ?s, resourceVersion 2 ?s
    AggregationRule
      clusterRoleSelectors 1 *LabelSelector
    ClusterRole
      metadata 1 ObjectMeta, rules 2 *PolicyRule, aggregationRule 3 ?AggregationRule
    ClusterRoleBinding
      metadata 1 ObjectMeta, subjects 2 *Subject, roleRef 3 RoleRef
    PolicyRule
      verbs 1 *s, apiGroups 2 *s, resources 3 *s, resourceNames 4 *s, nonResourceURLs 5 *s
    Role
      metadata 1 ObjectMeta, rules 2 *PolicyRule
    RoleBinding
      metadata 1 ObjectMeta, subjects 2 *Subject, roleRef 3 RoleRef
    RoleRef
      apiGroup 1 s, kind 2 s, name 3 s
    Subject
      kind 1 s, apiGroup 2 s, name 3 s, namespace 4 s
    AttestationValue
      items 1 *s
    BoundObjectReference
      kind 1 s, apiVersion 2 s, name 3 s, uid 4 s
    SelfSubjectReview
      metadata 1 ObjectMeta, status 2 SelfSubjectReviewStatus
    SelfSubjectReviewStatus
      userInfo 1 UserInfo
    TokenRequest
      metadata 1 ObjectMeta, spec 2 TokenRequestSpec, status 3 TokenRequestStatus
    TokenRequestSpec
      audiences 1 *s, expirationSeconds 4 ?i, boundObjectRef 3 ?BoundObjectReference, attestations 5 %AttestationValue
    TokenRequestStatus
      token 1 s, expirationTimestamp 2 Time
    TokenReview
      metadata 1 ObjectMeta, spec 2 TokenReviewSpec, status 3 TokenReviewStatus
    TokenReviewSpec
      token 1 s, audiences 2 *s
    TokenReviewStatus
      authenticated 1 b, user 2 UserInfo, audiences 4 *s, error 3 s
    UserInfo
      username 1 s, uid 2 s, groups 3 *s, extra 4 %ExtraValue
    FieldSelectorAttributes
      rawSelector 1 s, requirements 2 *FieldSelectorRequirement
    LabelSelectorAttributes
      rawSelector 1 s, requirements 2 *LabelSelectorRequirement
    LocalSubjectAccessReview
      metadata 1 ObjectMeta, spec 2 SubjectAccessReviewSpec, status 3 SubjectAccessReviewStatus
    NonResourceAttributes
      path 1 s, verb 2 s
    NonResourceRule
      verbs 1 *s, nonResourceURLs 2 *s
    ResourceAttributes
      namespace 1 s, verb 2 s, group 3 s, version 4 s, resource 5 s, subresource 6 s, name 7 s,
      fieldSelector 8 ?FieldSelectorAttributes, labelSelector 9 ?LabelSelectorAttributes
    ResourceRule
      verbs 1 *s, apiGroups 2 *s, resources 3 *s, resourceNames 4 *s
    SelfSubjectAccessReview
      metadata 1 ObjectMeta, spec 2 SelfSubjectAccessReviewSpec, status 3 SubjectAccessReviewStatus
    SelfSubjectAccessReviewSpec
      resourceAttributes 1 ?ResourceAttributes, nonResourceAttributes 2 ?NonResourceAttributes
    SelfSubjectRulesReview
      metadata 1 ObjectMeta, spec 2 SelfSubjectRulesReviewSpec, status 3 SubjectRulesReviewStatus
    SelfSubjectRulesReviewSpec
      namespace 1 s
    SubjectAccessReview
      metadata 1 ObjectMeta, spec 2 SubjectAccessReviewSpec, status 3 SubjectAccessReviewStatus
    SubjectAccessReviewSpec
      resourceAttributes 1 ?ResourceAttributes, nonResourceAttributes 2 ?NonResourceAttributes, user 3 s, groups 4 *s,
      extra 5 %ExtraValue, uid 6 s
    SubjectAccessReviewStatus
      allowed 1 b, denied 4 b, reason 2 s, evaluationError 3 s
    SubjectRulesReviewStatus
      resourceRules 1 *ResourceRule, nonResourceRules 2 *NonResourceRule, incomplete 3 b, evaluationError 4 s
    Lease
      metadata 1 ObjectMeta, spec 2 LeaseSpec
    LeaseSpec
      holderIdentity 1 ?s, leaseDurationSeconds 2 ?i, acquireTime 3 ?MicroTime, renewTime 4 ?MicroTime, leaseTransitions 5 ?i,
      strategy 6 ?s, preferredHolder 7 ?s
    StorageClass
      metadata 1 ObjectMeta, provisioner 2 s, parameters 3 %s, reclaimPolicy 4 ?s, mountOptions 5 *s,
      allowVolumeExpansion 6 ?b, volumeBindingMode 7 ?s, allowedTopologies 8 *TopologySelectorTerm
    Eviction
      metadata 1 ObjectMeta, deleteOptions 2 ?DeleteOptions
    """
}
