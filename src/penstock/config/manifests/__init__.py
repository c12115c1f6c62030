"""Envoy AI Gateway manifests as configuration: the Kubernetes resources that a cluster has, read as they are.

They become a native document (:mod:`penstock.config.manifests.compile_manifests`), so that what a manifest means is
what ``penstock migrate`` writes of it.
"""
