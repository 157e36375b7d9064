// Turns eBPF host routing of an existing cluster on or off. What is not named here stays as it is.
@description('The cluster\'s name.')
@minLength(1)
@maxLength(63)
param clusterName string

@description('Where the cluster is; an existing cluster\'s own location.')
param location string = resourceGroup().location

@description('BpfVeth turns eBPF host routing on, None off.')
@allowed([
  'BpfVeth'
  'None'
])
param accelerationMode string = 'BpfVeth'

resource cluster 'Microsoft.ContainerService/managedClusters@2026-04-01' = {
  name: clusterName
  location: location
  properties: {
    networkProfile: {
      advancedNetworking: {
        enabled: true
        observability: {
          enabled: true
        }
        security: {
          enabled: true
        }
        performance: {
          accelerationMode: accelerationMode
        }
      }
    }
  }
}

output accelerationMode string = cluster.properties.networkProfile.advancedNetworking.performance.accelerationMode
