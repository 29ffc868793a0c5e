/** What is written down beside a snapshot. It is written last: a snapshot without it is none. */
import * as Schema from "effect/Schema"
import * as Digest from "../../template/Digest.ts"
import { MachineId } from "../process/Roster.ts"
import { Shape } from "../Shape.ts"
import { Part } from "./Part.ts"

const version = 1

/** A machine that others are made from: booted, warmed up, frozen. */
export const TemplateManifest = Schema.Struct({
  version: Schema.Literal(version),
  kind: Schema.Literal("template"),
  key: Digest.Digest,
  template: Schema.String,
  madeMillis: Schema.Int,
  hypervisor: Schema.String,
  image: Digest.Digest,
  shape: Shape,
  parts: Schema.Struct({
    memory: Part,
    state: Part,
    /** What the machine had written to its disk. */
    upper: Part,
    /** A disk on which nothing was written beyond that. */
    overlay: Part,
    /** The image's own, where they are. */
    base: Part,
    disk: Part
  }),
  paths: Schema.Struct({ base: Schema.String, disk: Schema.String }),
  diskBytes: Schema.Int,
  /** What was said of the machine when it had been warmed up. */
  facts: Schema.Json
})
export type TemplateManifest = typeof TemplateManifest.Type

/** What has become of a durable machine. */
export const Phase = Schema.Union([
  /** It runs, or whoever ran it has ended without a word. */
  Schema.TaggedStruct("Running", {}),
  /** All of it is in its directory. */
  Schema.TaggedStruct("Hibernated", {
    state: Part,
    memory: Schema.Struct({ seal: Part.fields.seal }),
    upper: Schema.Struct({ seal: Part.fields.seal }),
    /** Whether it is on the disk. If not, it is gone when the host is started again. */
    isOnDisk: Schema.Boolean,
    /** The boot of the host in which it was written. */
    realm: Schema.String
  })
])
export type Phase = typeof Phase.Type

/** A machine of its own, that is put to disk and comes back. */
export const MachineManifest = Schema.Struct({
  version: Schema.Literal(version),
  kind: Schema.Literal("machine"),
  id: MachineId,
  template: Schema.String,
  madeMillis: Schema.Int,
  /** Of the template's snapshot that it was made from, whose disk is below its own. */
  key: Digest.Digest,
  /** Of what that machine had written to its disk: a snapshot that was made anew has the same key and another disk. */
  below: Digest.Digest,
  shape: Shape,
  phase: Phase
})
export type MachineManifest = typeof MachineManifest.Type

export const templateText = Schema.fromJsonString(TemplateManifest)
export const machineText = Schema.fromJsonString(MachineManifest)
