import * as Schema from "effect/Schema"

/** Nothing of this name was written down. */
export class Missing extends Schema.TaggedError<Missing>()("Missing", { what: Schema.String }) {
  override get message() {
    return `there is no ${this.what}`
  }
}

/** What was written down cannot be read, or by a later version only. */
export class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path} cannot be read: ${this.detail}`
  }
}

/** The snapshot was made by, or for, something that this host has another of: it would not become the same machine here. */
export class Mismatch extends Schema.TaggedError<Mismatch>()("Mismatch", {
  /** What differs, such as the hypervisor or the image. */
  of: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `the snapshot is of another ${this.of}: expected ${this.expected}, found ${this.found}`
  }
}

/** A file of a snapshot is not the one that was written down. */
export class PartChanged extends Schema.TaggedError<PartChanged>()("PartChanged", {
  part: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `the ${this.part} of the snapshot is not what was written: expected ${this.expected}, found ${this.found}`
  }
}

/** The state of the machine was used: it ran on, and what is on the disk is no moment of its life. */
export class Consumed extends Schema.TaggedError<Consumed>()("Consumed", { id: Schema.String }) {
  override get message() {
    return `machine ${this.id} ran on after its state was written, and did not write another one: it is lost`
  }
}

/** The host failed before all of the machine was on its disk. */
export class NotOnDisk extends Schema.TaggedError<NotOnDisk>()("NotOnDisk", { id: Schema.String }) {
  override get message() {
    return `the host was started again before machine ${this.id} was on its disk: it is lost`
  }
}

/** A snapshot that cannot become a machine. Nothing was run. */
export class SnapshotError extends Schema.TaggedError<SnapshotError>()("SnapshotError", {
  reason: Schema.Union([Missing, Unreadable, Mismatch, PartChanged, Consumed, NotOnDisk])
}) {
  override get message() {
    return this.reason.message
  }
}

export const snapshotFailed = (reason: SnapshotError["reason"]): SnapshotError => new SnapshotError({ reason })
