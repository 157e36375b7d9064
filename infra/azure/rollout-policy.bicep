// Says how nodes of an existing cluster are switched, before or while host routing is on.
@description('The cluster\'s name.')
@minLength(1)
@maxLength(63)
param clusterName string

@description('Nodes that may be switched at the same time.')
@minValue(1)
param maxUnavailable int = 1

resource cluster 'Microsoft.ContainerService/managedClusters@2026-04-01' existing = {
  name: clusterName
}

resource hostRouting 'Microsoft.ContainerService/managedClusters/hostRoutings@2026-04-01' = {
  parent: cluster
  name: 'default'
  properties: {
    rolloutPolicy: {
      maxUnavailable: maxUnavailable
      onFailure: 'Pause'
    }
  }
}

output hostRoutingId string = hostRouting.id
