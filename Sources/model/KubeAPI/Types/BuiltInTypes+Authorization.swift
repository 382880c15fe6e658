extension BuiltInTypes {
  /// `authorization.k8s.io/v1`. The notation is `SchemaTable`'s.
  static let authorization = """
    SubjectAccessReview
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! SubjectAccessReviewSpec
      status SubjectAccessReviewStatus
    LocalSubjectAccessReview
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! SubjectAccessReviewSpec
      status SubjectAccessReviewStatus
    SelfSubjectAccessReview
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! SelfSubjectAccessReviewSpec
      status SubjectAccessReviewStatus
    SelfSubjectRulesReview
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! SelfSubjectRulesReviewSpec
      status SubjectRulesReviewStatus
    SubjectAccessReviewSpec
      extra {[string]}
      groups [string]
      nonResourceAttributes NonResourceAttributes
      resourceAttributes ResourceAttributes
      uid string
      user string
    SubjectAccessReviewStatus
      allowed! boolean
      denied boolean
      evaluationError string
      reason string
    SelfSubjectAccessReviewSpec
      nonResourceAttributes NonResourceAttributes
      resourceAttributes ResourceAttributes
    SelfSubjectRulesReviewSpec
      namespace string
    SubjectRulesReviewStatus
      evaluationError string
      incomplete! boolean
      nonResourceRules! [NonResourceRule]
      resourceRules! [ResourceRule]
    ResourceAttributes
      fieldSelector FieldSelectorAttributes
      group string
      labelSelector LabelSelectorAttributes
      name string
      namespace string
      resource string
      subresource string
      verb string
      version string
    NonResourceAttributes
      path string
      verb string
    ResourceRule
      apiGroups [string]
      resourceNames [string]
      resources [string]
      verbs! [string]
    NonResourceRule
      nonResourceURLs [string]
      verbs! [string]
    FieldSelectorAttributes
      rawSelector string
      requirements [FieldSelectorRequirement]
    LabelSelectorAttributes
      rawSelector string
      requirements [LabelSelectorRequirement]
    """
}
