/**
 * What a host and its worker say to each other. Both come from one build and run in one process: nothing here is versioned.
 * A worker handles its requests one after the other, in the order in which they were sent.
 */

import type { FileErrorCode } from "../file/FileError.ts"
import type { FileOperation } from "../file/FileOperation.ts"
import type { Limits } from "../machine/Limits.ts"
import type { Expected, FilesDone, Program, SnapshotRejected, TurnOptions } from "../machine/Machine.ts"
import type { Answer, Output, Turn } from "../machine/Turn.ts"

/** What the worker is given when it starts. */
export interface Orders {
  readonly board: SharedArrayBuffer
  /** See `Wasm.liveShortly`. */
  readonly livesShortly: boolean
}

/** A machine as it is written down. */
export interface Packed {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The digests of the contents that the bytes name. */
  readonly names: ReadonlyArray<string>
  /** Those of them that the host was not given before, in memory that it shares. */
  readonly added: ReadonlyMap<string, Uint8Array>
}

/** One operation of a machine. */
export type Operation =
  | {
      readonly kind: "boot"
      readonly limits: Limits
      readonly seed: string
      readonly packed?: Omit<Packed, "names"> | undefined
      readonly expected?: Expected | undefined
    }
  | ({ readonly kind: "start"; readonly program: Program } & TurnOptions)
  | ({ readonly kind: "answer"; readonly answers: ReadonlyArray<Answer>; readonly nowMillis: number } & TurnOptions)
  | { readonly kind: "files"; readonly operation: FileOperation; readonly nowMillis: number }
  | { readonly kind: "pack" }
  | { readonly kind: "close" }

/** `machine` is unique within a worker; `slot` is its place on the board. */
export type Request = Operation & { readonly slot: number; readonly machine: number }

/** The fields of a `FileError`. */
export interface FilesRefused {
  readonly code: FileErrorCode
  readonly path: string
  readonly operation: string
  readonly message: string
}

/** How an operation ended. */
export type Result =
  | { readonly kind: "booted" }
  /**
   * `rest` is the output that was not streamed; absent if none of it was. `packed` is the machine after the turn; absent if
   * that was not expected to be wanted.
   */
  | {
      readonly kind: "turn"
      readonly turn: Turn
      readonly rest?: ReadonlyArray<Output> | undefined
      readonly packed?: Packed | undefined
    }
  | { readonly kind: "packed"; readonly packed: Packed }
  | { readonly kind: "files"; readonly done: FilesDone | FilesRefused }
  | { readonly kind: "closed" }
  /** The packed bytes cannot become a machine. */
  | { readonly kind: "rejected"; readonly reason: SnapshotRejected["reason"]; readonly detail: string }
  /** The engine itself failed: the machine is gone. */
  | { readonly kind: "broken"; readonly detail: string }

export type Reply =
  /** The worker can take machines. `thread` is what `ThreadTime` knows it by. */
  | { readonly kind: "ready"; readonly thread: string | undefined }
  /** It never will. */
  | { readonly kind: "unfit"; readonly detail: string }
  /** It works no longer as it should and wants to be replaced. */
  | { readonly kind: "worn"; readonly detail: string }
  | { readonly kind: "output"; readonly slot: number; readonly output: ReadonlyArray<Output> }
  | (Result & { readonly slot: number })
