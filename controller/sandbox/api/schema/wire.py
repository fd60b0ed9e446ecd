"""How Go's encoder writes the built-in kinds: which empty values stay, which are always there.

An optional text, number or boolean that is empty, zero or false is left out, and so is an empty list or map; unless
it is named here. A definition and its fields are written `Definition.field,field`.
"""

from __future__ import annotations


def _fields(text: str) -> frozenset[str]:
    pairs = (entry.partition(".") for entry in text.split())
    return frozenset(f"{name}.{field}" for name, _, fields in pairs for field in fields.split(","))


POINTERS = _fields(
    """
    AppArmorProfile.localhostProfile AzureDiskVolumeSource.cachingMode,fsType,readOnly
    CSIVolumeSource.fsType,readOnly ClientIPConfig.timeoutSeconds
    ClusterTrustBundleProjection.name,optional,signerName ConfigMap.immutable ConfigMapEnvSource.optional
    ConfigMapKeySelector.optional ConfigMapProjection.optional ConfigMapVolumeSource.defaultMode,optional
    Container.restartPolicy ContainerStatus.started,stopSignal CoreEndpointPort.appProtocol
    CronJobSpec.failedJobsHistoryLimit,startingDeadlineSeconds,successfulJobsHistoryLimit,suspend,timeZone
    CustomResourceDefinitionVersion.deprecationWarning CustomResourceSubresourceScale.labelSelectorPath
    DaemonSetSpec.revisionHistoryLimit DaemonSetStatus.collisionCount
    DeleteOptions.gracePeriodSeconds,ignoreStoreReadErrorWithClusterBreakingPotential,orphanDependents,propagationPolicy
    DeploymentSpec.progressDeadlineSeconds,replicas,revisionHistoryLimit
    DeploymentStatus.collisionCount,terminatingReplicas DiscoveryEndpointPort.appProtocol,name,port,protocol
    DownwardAPIVolumeFile.mode DownwardAPIVolumeSource.defaultMode Endpoint.hostname,nodeName,zone
    EndpointAddress.nodeName EndpointConditions.ready,serving,terminating EphemeralContainer.restartPolicy
    FCVolumeSource.lun FileKeySelector.optional GlusterfsPersistentVolumeSource.endpointsNamespace
    HPAScalingRules.selectPolicy,stabilizationWindowSeconds HorizontalPodAutoscalerSpec.minReplicas
    HorizontalPodAutoscalerStatus.observedGeneration HostPathVolumeSource.type
    ISCSIPersistentVolumeSource.initiatorName ISCSIVolumeSource.initiatorName
    IngressClassParametersReference.apiGroup,namespace IngressPortStatus.error IngressSpec.ingressClassName
    JSONSchemaProps.$ref,maxItems,maxLength,maxProperties,maximum,minItems,minLength,minProperties,minimum,multipleOf,x-kubernetes-list-type,x-kubernetes-map-type,x-kubernetes-preserve-unknown-fields
    JobSpec.activeDeadlineSeconds,backoffLimit,backoffLimitPerIndex,completionMode,completions,managedBy,manualSelector,maxFailedIndexes,parallelism,podReplacementPolicy,suspend,ttlSecondsAfterFinished
    JobStatus.failedIndexes,ready,terminating KeyToPath.mode
    LeaseSpec.holderIdentity,leaseDurationSeconds,leaseTransitions,preferredHolder,strategy Lifecycle.stopSignal
    ListMeta.remainingItemCount LoadBalancerIngress.ipMode LocalVolumeSource.fsType MatchResources.matchPolicy
    MetricTarget.averageUtilization MetricValueStatus.averageUtilization NamedRuleWithOperations.scope
    NetworkPolicyPort.endPort,protocol NodeFeatures.supplementalGroupsPolicy
    NodeRuntimeHandlerFeatures.recursiveReadOnlyMounts,userNamespaces NodeSwapStatus.capacity
    ObjectMeta.deletionGracePeriodSeconds OwnerReference.blockOwnerDeletion,controller
    ParamRef.parameterNotFoundAction PersistentVolumeClaimSpec.storageClassName,volumeAttributesClassName,volumeMode
    PersistentVolumeClaimStatus.currentVolumeAttributesClassName
    PersistentVolumeSpec.volumeAttributesClassName,volumeMode PodCertificateProjection.maxExpirationSeconds
    PodDNSConfigOption.value PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy
    PodFailurePolicyOnExitCodesRequirement.containerName
    PodResourceClaim.resourceClaimName,resourceClaimTemplateName PodResourceClaimStatus.resourceClaimName
    PodSecurityContext.fsGroup,fsGroupChangePolicy,runAsGroup,runAsNonRoot,runAsUser,seLinuxChangePolicy,supplementalGroupsPolicy
    PodSpec.activeDeadlineSeconds,automountServiceAccountToken,enableServiceLinks,hostUsers,hostnameOverride,preemptionPolicy,priority,runtimeClassName,setHostnameAsFQDN,shareProcessNamespace,terminationGracePeriodSeconds
    PortStatus.error Preconditions.uid Probe.terminationGracePeriodSeconds ProjectedVolumeSource.defaultMode
    ReplicaSetSpec.replicas ReplicaSetStatus.terminatingReplicas RollingUpdateStatefulSetStrategy.partition
    SeccompProfile.localhostProfile Secret.immutable SecretEnvSource.optional SecretKeySelector.optional
    SecretProjection.optional SecretVolumeSource.defaultMode,optional
    SecurityContext.allowPrivilegeEscalation,privileged,procMount,readOnlyRootFilesystem,runAsGroup,runAsNonRoot,runAsUser
    ServiceAccount.automountServiceAccountToken ServiceAccountTokenProjection.expirationSeconds
    ServicePort.appProtocol ServiceReference.path,port
    ServiceSpec.allocateLoadBalancerNodePorts,internalTrafficPolicy,ipFamilyPolicy,loadBalancerClass,trafficDistribution
    StatefulSetSpec.replicas,revisionHistoryLimit StatefulSetStatus.collisionCount
    SuccessPolicyRule.succeededCount,succeededIndexes Toleration.tolerationSeconds
    TopologySpreadConstraint.minDomains,nodeAffinityPolicy,nodeTaintsPolicy TypedObjectReference.namespace
    ValidatingAdmissionPolicySpec.failurePolicy Validation.reason ValidationRule.optionalOldSelf,reason
    VolumeMount.mountPropagation,recursiveReadOnly VolumeMountStatus.recursiveReadOnly WebhookClientConfig.url
    WindowsSecurityContextOptions.gmsaCredentialSpec,gmsaCredentialSpecName,hostProcess,runAsUserName
    """
)
"""Scalars that tell unset from zero, so a zero stays."""

STRUCTS = _fields(
    """
    ClusterRoleBinding.roleRef Container.resources ContainerResourceMetricSource.target
    ContainerResourceMetricStatus.current ContainerStatus.lastState,state CoreEvent.involvedObject,source
    CronJob.spec,status CronJobSpec.jobTemplate CustomResourceDefinition.spec,status
    CustomResourceDefinitionSpec.names CustomResourceDefinitionStatus.acceptedNames DaemonSet.spec,status
    DaemonSetSpec.template,updateStrategy Deployment.spec,status DeploymentSpec.strategy,template
    Endpoint.conditions EphemeralContainer.resources EventsEvent.deprecatedSource,regarding
    ExternalMetricSource.metric,target ExternalMetricStatus.current,metric HTTPIngressPath.backend
    HorizontalPodAutoscaler.spec,status HorizontalPodAutoscalerSpec.scaleTargetRef Ingress.spec,status
    IngressClass.spec IngressServiceBackend.port IngressStatus.loadBalancer Job.spec,status JobSpec.template
    JobTemplateSpec.spec Lease.spec Namespace.spec,status NetworkPolicy.spec NetworkPolicySpec.podSelector
    Node.spec,status NodeDaemonEndpoints.kubeletEndpoint NodeStatus.daemonEndpoints,nodeInfo
    ObjectMetricSource.describedObject,metric,target ObjectMetricStatus.current,describedObject,metric
    PersistentVolume.spec,status PersistentVolumeClaim.spec,status PersistentVolumeClaimSpec.resources
    PersistentVolumeClaimTemplate.spec Pod.spec,status PodDisruptionBudget.spec,status PodTemplateSpec.spec
    PodsMetricSource.metric,target PodsMetricStatus.current,metric PreferredSchedulingTerm.preference
    ReplicaSet.spec,status ReplicaSetSpec.template ResourceMetricSource.target ResourceMetricStatus.current
    RoleBinding.roleRef Scale.spec,status SelfSubjectAccessReview.spec,status SelfSubjectReview.status
    SelfSubjectReviewStatus.userInfo Service.spec,status ServiceStatus.loadBalancer StatefulSet.spec,status
    StatefulSetSpec.template,updateStrategy SubjectAccessReview.spec,status ValidatingAdmissionPolicy.spec,status
    ValidatingAdmissionPolicyBinding.spec WeightedPodAffinityTerm.podAffinityTerm
    """
)
"""Objects that are written even when empty; `metadata` of whole objects and of templates is too."""

SCALARS = _fields(
    """
    ControllerRevision.revision CoreEvent.reportingComponent,reportingInstance DaemonSetCondition.status,type
    DeploymentCondition.status,type
    PodDisruptionBudgetStatus.currentHealthy,desiredHealthy,disruptionsAllowed,expectedPods
    ReplicaSetCondition.status,type StatefulSetCondition.status,type StatefulSetOrdinals.start
    StatefulSetSpec.serviceName StatefulSetStatus.availableReplicas RoleRef.apiGroup
    """
)
"""Scalars that are always written though not required; what is required always is."""

NULLS = _fields(
    """
    ClusterRole.rules Condition.lastTransitionTime ContainerStateRunning.startedAt
    ContainerStateTerminated.finishedAt,startedAt CoreEvent.eventTime,firstTimestamp,lastTimestamp
    CustomResourceDefinitionCondition.lastTransitionTime DaemonSetCondition.lastTransitionTime
    DeploymentCondition.lastTransitionTime,lastUpdateTime EndpointSlice.endpoints,ports
    HorizontalPodAutoscalerCondition.lastTransitionTime HorizontalPodAutoscalerStatus.currentMetrics
    JobCondition.lastProbeTime,lastTransitionTime NamespaceCondition.lastTransitionTime
    NodeCondition.lastHeartbeatTime,lastTransitionTime
    PersistentVolumeClaimCondition.lastProbeTime,lastTransitionTime PodCondition.lastProbeTime,lastTransitionTime
    ReplicaSetCondition.lastTransitionTime Role.rules StatefulSetCondition.lastTransitionTime
    """
)
"""Lists and times that are written as null when absent."""

KEPT_LISTS = _fields(
    """
    CephFSVolumeSource.monitors ClusterRole.rules ContainerImage.names CustomResourceDefinitionSpec.versions
    CustomResourceDefinitionStatus.conditions,storedVersions Endpoint.addresses EndpointSlice.endpoints,ports
    HTTPIngressRuleValue.paths NodeSelector.nodeSelectorTerms PodFailurePolicy.rules PodSpec.containers
    PolicyRule.verbs
    ProjectedVolumeSource.sources RBDVolumeSource.monitors Role.rules SuccessPolicy.rules
    """
)
"""Lists that stay when they are there and empty."""

NOT_ALWAYS = _fields(
    """
    CrossVersionObjectReference.kind CustomResourceDefinitionNames.kind HTTPIngressPath.pathType
    IngressClassParametersReference.kind OwnerReference.apiVersion,kind RoleRef.kind Subject.kind
    TypedLocalObjectReference.kind TypedObjectReference.kind ValidatingAdmissionPolicyBindingSpec.policyName
    """
)
"""Required scalars that are left out when empty all the same."""
