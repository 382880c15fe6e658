extension BuiltInTypes {
  /// CustomResourceDefinitions (`apiextensions.k8s.io/v1`). The notation is `SchemaTable`'s.
  static let definitions = """
    CustomResourceDefinition
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! CustomResourceDefinitionSpec
      status CustomResourceDefinitionStatus
    CustomResourceDefinitionSpec
      conversion CustomResourceConversion
      group! string
      names! CustomResourceDefinitionNames
      preserveUnknownFields boolean
      scope! string = Cluster Namespaced
      versions! [CustomResourceDefinitionVersion]
    CustomResourceDefinitionNames
      categories [string]
      kind! string
      listKind string
      plural! string
      shortNames [string]
      singular string
    CustomResourceDefinitionVersion
      additionalPrinterColumns [CustomResourceColumnDefinition]
      deprecated boolean
      deprecationWarning string
      name! string
      schema CustomResourceValidation
      selectableFields [SelectableField]
      served! boolean
      storage! boolean
      subresources CustomResourceSubresources
    CustomResourceColumnDefinition
      description string
      format string
      jsonPath! string
      name! string
      priority integer @int32
      type! string
    SelectableField
      jsonPath! string
    CustomResourceSubresources
      scale CustomResourceSubresourceScale
      status CustomResourceSubresourceStatus
    CustomResourceSubresourceScale
      labelSelectorPath string
      specReplicasPath! string
      statusReplicasPath! string
    CustomResourceSubresourceStatus
    CustomResourceConversion
      strategy! string = None Webhook
      webhook WebhookConversion
    WebhookConversion
      clientConfig WebhookClientConfig
      conversionReviewVersions! [string]
    WebhookClientConfig
      caBundle string @byte
      service ServiceReference
      url string
    ServiceReference
      name! string
      namespace! string
      path string
      port integer @int32
    CustomResourceValidation
      openAPIV3Schema JSONSchemaProps
    CustomResourceDefinitionStatus
      acceptedNames CustomResourceDefinitionNames
      conditions [CustomResourceDefinitionCondition] @map=type
      observedGeneration integer @int64
      storedVersions [string]
    CustomResourceDefinitionCondition
      lastTransitionTime string @date-time
      message string
      observedGeneration integer @int64
      reason string
      status! string
      type! string
    JSONSchemaProps
      $ref string
      $schema string
      additionalItems any
      additionalProperties any
      allOf [JSONSchemaProps]
      anyOf [JSONSchemaProps]
      default any
      definitions {JSONSchemaProps}
      dependencies {any}
      description string
      enum [any]
      example any
      exclusiveMaximum boolean
      exclusiveMinimum boolean
      externalDocs ExternalDocumentation
      format string
      id string
      items any
      maxItems integer @int64
      maxLength integer @int64
      maxProperties integer @int64
      maximum number @double
      minItems integer @int64
      minLength integer @int64
      minProperties integer @int64
      minimum number @double
      multipleOf number @double
      not JSONSchemaProps
      nullable boolean
      oneOf [JSONSchemaProps]
      pattern string
      patternProperties {JSONSchemaProps}
      properties {JSONSchemaProps}
      required [string]
      title string
      type string
      uniqueItems boolean
      x-kubernetes-embedded-resource boolean
      x-kubernetes-int-or-string boolean
      x-kubernetes-list-map-keys [string]
      x-kubernetes-list-type string
      x-kubernetes-map-type string
      x-kubernetes-preserve-unknown-fields boolean
      x-kubernetes-validations [ValidationRule] @map=rule @merge=rule
    ExternalDocumentation
      description string
      url string
    ValidationRule
      fieldPath string
      message string
      messageExpression string
      optionalOldSelf boolean
      reason string
      rule! string
    """
}
