/** What errors of QEMU and of its snapshots are to whoever only knows of hypervisors. */
import * as Effect from "effect/Effect"
import {
  CheckpointRejected,
  HypervisorError,
  hypervisorFailed,
  Lost,
  TemplateMissing,
  Unavailable
} from "../microvm/HypervisorError.ts"
import { QemuError } from "./QemuError.ts"
import { SnapshotError } from "./snapshot/SnapshotError.ts"

export type Failure = QemuError | SnapshotError | HypervisorError

/** Of an operation that gives something of the host. What else it fails with is its caller's. */
export const unavailable =
  (operation: string) =>
  <A, E, R>(doing: Effect.Effect<A, E, R>) =>
    Effect.mapError(doing, (error): HypervisorError | Exclude<E, QemuError | SnapshotError> =>
      error instanceof QemuError || error instanceof SnapshotError
        ? hypervisorFailed(new Unavailable({ operation, detail: error.message }))
        : (error as Exclude<E, QemuError | SnapshotError>)
    )

/** Of an operation on a machine that runs. */
export const lost = Effect.mapError((error: Failure) =>
  error instanceof HypervisorError ? error : hypervisorFailed(new Lost({ detail: error.message }))
)

/** Of an operation that makes a machine of a template. */
export const ofTemplate = (operation: string, key: string) =>
  Effect.mapError((error: Failure) =>
    error._tag === "SnapshotError"
      ? hypervisorFailed(new TemplateMissing({ key, detail: error.message }))
      : error instanceof HypervisorError
        ? error
        : hypervisorFailed(new Unavailable({ operation, detail: error.message }))
  )

/** Of bringing back a machine that was suspended. */
export const ofSuspended = Effect.mapError((error: Failure) => {
  if (error._tag !== "SnapshotError") {
    return error instanceof HypervisorError
      ? error
      : hypervisorFailed(new Unavailable({ operation: "resume", detail: error.message }))
  }
  const { message, reason } = error
  return reason._tag === "PartChanged" || reason._tag === "Unreadable"
    ? hypervisorFailed(new CheckpointRejected({ reason: "Corrupted", detail: message }))
    : hypervisorFailed(new Lost({ detail: message }))
})
