import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Link } from "../guest/Link.ts"
import type * as Digest from "../template/Digest.ts"
import type { Image } from "../template/image/ImageBuild.ts"
import type { Checkpoint } from "./Checkpoint.ts"
import type { HypervisorError } from "./HypervisorError.ts"
import type { Measure } from "./Measure.ts"

/** The snapshot of a machine that was booted from an image and warmed up. All machines of the template begin as it was. */
export interface Template {
  readonly name: string
  /** Of everything that it was made from, here or on another host. */
  readonly key: Digest.Digest
  /** Of the bytes that came of it: two hosts that make the same template have different ones. */
  readonly content: Digest.Digest
  readonly cpus: number
  readonly memoryMebibytes: number
  readonly diskMebibytes: number
  /** What the warm-up said of the machine, such as how far its interpreters' lanes were read. */
  readonly facts: Schema.Json
}

/** What is done with a machine that was booted, before it is frozen. */
export interface WarmUp<E, R> {
  /** Changes with what `run` does: part of the template's key, as are the image and the warm-up in the template's file. */
  readonly id: string
  /** Is done first if a machine has to be booted: there may be a template already. */
  readonly begins?: Effect.Effect<void> | undefined
  /** Its last act must be to ask the agent to freeze. */
  readonly run: (link: Link) => Effect.Effect<Schema.Json, E, R>
}

/** What a machine holds of the host's memory. */
export interface MemoryHeld {
  /** Its share: pages that it has for itself, and those that it shares, divided by how many do. */
  readonly proportionalBytes: number
  /** What it has written for itself, which would be free without it. */
  readonly ownBytes: number
}

/**
 * A machine that runs.
 *
 * V1. It and everything of it (processes, groups, files, sockets) is gone when its scope is closed, on all ways out.
 * V2. The guest is hostile: of what it says nothing is believed here; `cpuMillis` and `memory` are the host's own.
 */
export interface Vm {
  readonly id: string
  /** Opens a channel to the agent, for as long as the scope is open. Channels of one machine follow each other; each
   * connection over one begins with a hello of another epoch. */
  readonly link: Effect.Effect<Link, HypervisorError, Scope.Scope>
  /** Processor time of the hypervisor's process until now, in steps of 10 ms. */
  readonly cpuMillis: Effect.Effect<number, HypervisorError>
  readonly memory: Effect.Effect<MemoryHeld, HypervisorError>
  /** What keeps the machine in, and what this host could not give. */
  readonly measures: ReadonlyArray<Measure>
  /** Waits until the machine is gone without having been asked to, and says why. */
  readonly lost: Effect.Effect<HypervisorError>
}

/**
 * A machine that can be written down, with a memory file of its own.
 *
 * V3. A checkpoint does not end it: afterwards it runs on, and may be written down again.
 */
export interface DurableVm extends Vm {
  /**
   * Writes the machine down; its agent was asked to freeze, and is thawed by the caller. The guest stands still meanwhile. It runs on
   * when this is done, and what was found is compressed by what this gives. If either fails with `Lost`, the machine is ended.
   */
  readonly checkpoint: Effect.Effect<Effect.Effect<Checkpoint, HypervisorError>, HypervisorError>
  /**
   * Puts the machine to this host's disk in milliseconds and ends it; its agent was asked to freeze. `resume` brings it back, once.
   * It is no substitute for a checkpoint: what is on this disk is a cache.
   */
  readonly suspend: Effect.Effect<void, HypervisorError>
}

/** A template's snapshot on this host. */
export interface Stored {
  readonly name: string
  readonly key: Digest.Digest
  /** What it takes of the disk. */
  readonly bytes: number
  readonly madeMillis: number
  /** Machines that need it, running or suspended, of this process and others. */
  readonly machines: ReadonlyArray<string>
}

/**
 * Makes machines with kernels of their own. Every operation that is interrupted leaves nothing behind.
 */
export class Hypervisor extends Context.Service<
  Hypervisor,
  {
    /** What a checkpoint must have in common with whoever restores it: program, version, board, accelerator, processor. */
    readonly engine: string
    /**
     * The template of an image: the one there is, or else one that is made now, for which a machine is booted. Fails with
     * `ImageDamaged` rather than make one of files that are not what was built.
     */
    readonly prepare: <E, R>(image: Image, warmUp: WarmUp<E, R>) => Effect.Effect<Template, HypervisorError | E, R>
    /** A template that was prepared on this host, now or by another process. */
    readonly find: (key: Digest.Digest) => Effect.Effect<Template, HypervisorError>
    /** A machine that shares its template's memory. It costs little, and cannot be written down. */
    readonly clone: (template: Template) => Effect.Effect<Vm, HypervisorError, Scope.Scope>
    /** A machine of a template that can be written down. */
    readonly begin: (template: Template) => Effect.Effect<DurableVm, HypervisorError, Scope.Scope>
    /** A machine as it was when the checkpoint was made. Everything is checked before anything is run. */
    readonly restore: (
      template: Template,
      checkpoint: Checkpoint
    ) => Effect.Effect<DurableVm, HypervisorError, Scope.Scope>
    /** A machine of this host that was suspended, by its id, at most once. */
    readonly resume: (id: string) => Effect.Effect<DurableVm, HypervisorError, Scope.Scope>
    /** Removes a machine that was suspended and is not wanted back. One that is not there is no error. */
    readonly discard: (id: string) => Effect.Effect<void, HypervisorError>
    readonly stored: Effect.Effect<ReadonlyArray<Stored>, HypervisorError>
    /** Removes a template's snapshot. Fails with `TemplateInUse` while a machine needs it. */
    readonly remove: (key: Digest.Digest) => Effect.Effect<void, HypervisorError>
  }
>()("caisson/microvm/Hypervisor") {}
