extension BuiltInTypes {
  /// `authentication.k8s.io/v1`. The notation is `SchemaTable`'s.
  static let authentication = """
    TokenReview
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! TokenReviewSpec
      status TokenReviewStatus
    TokenRequest
      apiVersion string
      kind string
      metadata ObjectMeta
      spec TokenRequestSpec
      status TokenRequestStatus
    SelfSubjectReview
      apiVersion string
      kind string
      metadata ObjectMeta
      status SelfSubjectReviewStatus
    TokenReviewSpec
      audiences [string]
      token string
    TokenReviewStatus
      audiences [string]
      authenticated boolean
      error string
      user UserInfo
    TokenRequestSpec
      attestations {[string]}
      audiences [string]
      boundObjectRef BoundObjectReference
      expirationSeconds integer @int64
    TokenRequestStatus
      expirationTimestamp string @date-time
      token string
    SelfSubjectReviewStatus
      userInfo UserInfo
    UserInfo
      extra {[string]}
      groups [string]
      uid string
      username string
    BoundObjectReference
      apiVersion string
      kind string
      name string
      uid string
    """
}
