"""The real Python SDK, unmodified, against an installation: what its pollers, its paging and its retries make of the surface.

Reads its orders as JSON on standard input (secrets stay out of arguments and environment), and prints one JSON object on standard output: for every
scenario what came of it, or the error that it ended with. Operations are ended meanwhile by whoever started this.
"""

import json
import sys

from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.identity import ClientSecretCredential
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice.models import (
    AdvancedNetworking,
    AdvancedNetworkingPerformance,
    ContainerServiceNetworkProfile,
    ManagedCluster,
    ManagedClusterAgentPoolProfile,
    ManagedClusterIdentity,
)


class Statuses(SansIOHTTPPolicy):
    """Sees every reply, also those that the SDK itself tries again."""

    def __init__(self):
        self.seen = []

    def on_response(self, request, response):
        self.seen.append(response.http_response.status_code)


def acceleration(cluster):
    return cluster.network_profile.advanced_networking.performance.acceleration_mode


def enable(clusters, order, name):
    cluster = clusters.get(order["group"], name)
    cluster.network_profile.advanced_networking.performance.acceleration_mode = "BpfVeth"
    return clusters.begin_create_or_update(order["group"], name, cluster)


def create_or_update(client, order):
    ended = enable(client.managed_clusters, order, "py-succeeds").result(order["patienceSeconds"])
    return {"state": ended.provisioning_state, "mode": acceleration(ended)}


def ends_with(name):
    def run(client, order):
        poller = enable(client.managed_clusters, order, name)
        try:
            poller.result(order["patienceSeconds"])
        except HttpResponseError as error:
            return {"status": poller.status(), "code": error.error.code, "message": error.error.message}
        return {"status": poller.status(), "code": None}

    return run


def create(client, order):
    """A cluster that its provider makes; what the client sends is what the SDK's own models write."""
    acns = AdvancedNetworking(
        enabled=True, performance=AdvancedNetworkingPerformance(acceleration_mode="BpfVeth")
    )
    wanted = ManagedCluster(
        location=order["location"],
        identity=ManagedClusterIdentity(type="SystemAssigned"),
        dns_prefix="python",
        agent_pool_profiles=[ManagedClusterAgentPoolProfile(name="system", mode="System", count=2, vm_size="Standard_D2s_v5")],
        network_profile=ContainerServiceNetworkProfile(
            network_plugin="azure", network_plugin_mode="overlay", network_dataplane="cilium", advanced_networking=acns
        ),
    )
    poller = client.managed_clusters.begin_create_or_update(order["group"], "py-created", wanted)
    made = poller.result(order["patienceSeconds"])
    credentials = client.managed_clusters.list_cluster_user_credentials(order["group"], "py-created")
    return {
        "state": made.provisioning_state,
        "mode": acceleration(made),
        "fqdn": made.fqdn,
        "kubeconfig": credentials.kubeconfigs[0].value.decode(),
    }


def update_tags(client, order):
    poller = client.managed_clusters.begin_update_tags(order["group"], "py-tags", {"tags": {"a": "b"}})
    return {"tags": poller.result(order["patienceSeconds"]).tags}


def delete(client, order):
    poller = client.managed_clusters.begin_delete(order["group"], "py-deleted")
    poller.result(order["patienceSeconds"])
    gone = client.managed_clusters.begin_delete(order["group"], "py-never-was")
    gone.result(order["patienceSeconds"])
    names = [cluster.name for cluster in client.managed_clusters.list_by_resource_group(order["group"])]
    return {"status": poller.status(), "listed": "py-deleted" in names}


def paging(client, order):
    names = [cluster.name for cluster in client.managed_clusters.list_by_resource_group(order["manyGroup"])]
    return {"items": len(names), "different": len(set(names))}


def missing(client, order):
    try:
        client.managed_clusters.get(order["group"], "py-never-was")
    except HttpResponseError as error:
        return {"status": error.status_code, "code": error.error.code}
    return {"status": 200}


def throttled(client, order):
    """More reads than the bucket holds: the SDK waits as it is told, and every one of them succeeds."""
    statuses = client.statuses
    statuses.seen.clear()
    for _ in range(order["reads"]):
        client.managed_clusters.get(order["group"], "py-succeeds")
    return {"succeeded": statuses.seen.count(200), "wasThrottled": 429 in statuses.seen}


SCENARIOS = {
    "createOrUpdate": create_or_update,
    "create": create,
    "fails": ends_with("py-fails"),
    "canceled": ends_with("py-canceled"),
    "updateTags": update_tags,
    "delete": delete,
    "paging": paging,
    "missing": missing,
    "throttled": throttled,
}


def main():
    order = json.load(sys.stdin)
    credential = ClientSecretCredential(
        order["tenantId"],
        order["clientId"],
        order["clientSecret"],
        authority=order["base"],
        disable_instance_discovery=True,
        connection_verify=order["caFile"],
    )
    statuses = Statuses()
    client = ContainerServiceClient(
        credential,
        order["subscriptionId"],
        base_url=order["base"],
        credential_scopes=[f"{order['base']}/.default"],
        connection_verify=order["caFile"],
        per_retry_policies=[statuses],
    )
    client.statuses = statuses
    results = {}
    for name in order["scenarios"]:
        try:
            results[name] = SCENARIOS[name](client, order)
        except AzureError as error:
            results[name] = {"error": type(error).__name__, "message": str(error)[:800]}
    json.dump(results, sys.stdout)


main()
