/// The annotation by which the engine asks the node service to stop a pod and keep its object: `terminate` (SIGTERM, then SIGKILL after the
/// grace period) or `kill` (SIGKILL at once).
package let stopAnnotation = "workflows.argoproj.io/stop"
