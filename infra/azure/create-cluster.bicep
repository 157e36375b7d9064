// Makes a cluster with eBPF host routing on from the start.
@description('The cluster\'s name.')
@minLength(1)
@maxLength(63)
param clusterName string

@description('Where the cluster is made.')
param location string = resourceGroup().location

@description('Nodes of the pool.')
@minValue(1)
@maxValue(100)
param nodeCount int = 2

resource cluster 'Microsoft.ContainerService/managedClusters@2026-04-01' = {
  name: clusterName
  location: location
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    dnsPrefix: '${clusterName}-${uniqueString(resourceGroup().id)}'
    agentPoolProfiles: [
      {
        name: 'nodepool1'
        mode: 'System'
        count: nodeCount
        vmSize: 'Standard_D4s_v5'
        osType: 'Linux'
        osSKU: 'AzureLinux'
      }
    ]
    networkProfile: {
      networkPlugin: 'azure'
      networkPluginMode: 'overlay'
      networkDataplane: 'cilium'
      advancedNetworking: {
        enabled: true
        performance: {
          accelerationMode: 'BpfVeth'
        }
      }
    }
  }
}

output clusterId string = cluster.id
