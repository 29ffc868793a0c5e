import * as Schema from "effect/Schema"

/** This host cannot give a machine now: a program is missing, a process did not start, a disk is full, a guest did not come up. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  /** What was being done, such as `clone`. */
  operation: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `no machine (${this.operation}): ${this.detail}`
  }
}

/** The machine is gone, or does not do what it is told any more; it is ended then. */
export class Lost extends Schema.TaggedError<Lost>()("Lost", {
  detail: Schema.String
}) {
  override get message() {
    return `the machine is gone: ${this.detail}`
  }
}

/** There is no snapshot of a template under this key, or it is damaged: it has to be prepared. */
export class TemplateMissing extends Schema.TaggedError<TemplateMissing>()("TemplateMissing", {
  key: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `no template ${this.key.slice(0, 12)}: ${this.detail}`
  }
}

/** A file of a template's image is not what was built, or gone: no snapshot is made from it. */
export class ImageDamaged extends Schema.TaggedError<ImageDamaged>()("ImageDamaged", {
  template: Schema.String,
  part: Schema.String,
  path: Schema.String
}) {
  override get message() {
    const { part, path, template } = this
    return `the ${part} of ${template} is not what was built (${path}): caisson template build ${template} builds it anew`
  }
}

/** A machine needs the snapshot of the template, here or in another process. */
export class TemplateInUse extends Schema.TaggedError<TemplateInUse>()("TemplateInUse", {
  key: Schema.String,
  /** Ids of machines, at most the first sixteen. */
  machines: Schema.Array(Schema.String)
}) {
  override get message() {
    return `template ${this.key.slice(0, 12)} is in use by ${this.machines.join(", ")}`
  }
}

/** A checkpoint cannot become a machine here. Nothing was run. */
export class CheckpointRejected extends Schema.TaggedError<CheckpointRejected>()("CheckpointRejected", {
  reason: Schema.Literals([
    /** It is no checkpoint, or one of a later version. */
    "Unreadable",
    "OtherEngine",
    /** It is of another template, or of one that was prepared anew since: its bytes are other ones. */
    "OtherTemplate",
    "PieceMissing",
    /** A piece is not what its name says, or does not fit where it belongs. */
    "Corrupted",
    "TooLarge"
  ]),
  detail: Schema.String
}) {
  override get message() {
    return `checkpoint rejected (${this.reason}): ${this.detail}`
  }
}

/** What a machine has changed of its template does not fit a checkpoint. */
export class CheckpointTooLarge extends Schema.TaggedError<CheckpointTooLarge>()("CheckpointTooLarge", {
  /** That are allowed, compressed. */
  bytesMax: Schema.Int
}) {
  override get message() {
    return `the machine has changed more than fits a checkpoint: compressed, ${this.bytesMax} bytes are allowed`
  }
}

export class HypervisorError extends Schema.TaggedError<HypervisorError>()("HypervisorError", {
  reason: Schema.Union([
    Unavailable,
    Lost,
    TemplateMissing,
    ImageDamaged,
    TemplateInUse,
    CheckpointRejected,
    CheckpointTooLarge
  ])
}) {
  override get message() {
    return this.reason.message
  }
}

export const hypervisorFailed = (reason: HypervisorError["reason"]): HypervisorError => new HypervisorError({ reason })
