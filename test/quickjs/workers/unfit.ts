/** A worker that finds out that it cannot do its work. */
import { parentPort } from "node:worker_threads"

parentPort?.postMessage({ kind: "unfit", detail: "the base image is not that of this release" })
