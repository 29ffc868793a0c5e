import * as Schema from "effect/Schema"
import * as FileText from "../policy/document/FileText.ts"
import { format, PolicyIssue } from "../policy/PolicyError.ts"
import { ProgramFailed } from "../process/Program.ts"

/** What is wrong at one place of a template file. Lines and columns count from 1. */
export const TemplateIssue = PolicyIssue
export type TemplateIssue = typeof TemplateIssue.Type

/** The file of a template, or the directory of several, cannot be read. */
export class NotReadable extends Schema.TaggedError<NotReadable>()("NotReadable", {
  file: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.file} cannot be read: ${this.detail}`
  }
}

/** A file that describes no template. It has up to 20 issues, in the order of the file. */
export class Malformed extends Schema.TaggedError<Malformed>()("Malformed", {
  file: Schema.String,
  issues: Schema.Array(TemplateIssue)
}) {
  override get message() {
    return this.issues.map((issue) => format(this.file, issue)).join("\n")
  }
}

/** No template of the directory has this name. */
export class Unknown extends Schema.TaggedError<Unknown>()("Unknown", {
  name: Schema.String,
  known: Schema.Array(Schema.String),
  suggestion: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const meant = this.suggestion === undefined ? "" : `; did you mean ${this.suggestion}?`
    return `there is no template ${this.name}${meant} (there are ${this.known.join(", ") || "none"})`
  }
}

/** A step of a build did not give what it should have. */
export class StepFailed extends Schema.TaggedError<StepFailed>()("StepFailed", {
  step: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.step} failed: ${this.detail}`
  }
}

/** What a template names as its image cannot be taken: it is none, another one, or would be written to where it must not. */
export class ImageRefused extends Schema.TaggedError<ImageRefused>()("ImageRefused", {
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

/** Something that was built is not what was written down of it. */
export class Corrupted extends Schema.TaggedError<Corrupted>()("Corrupted", {
  path: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `${this.path} is not what was built: expected ${this.expected}, found ${this.found}`
  }
}

export class TemplateError extends Schema.TaggedError<TemplateError>()("TemplateError", {
  reason: Schema.Union([NotReadable, Malformed, Unknown, StepFailed, ImageRefused, Corrupted, ProgramFailed]),
  /** The one that was being built. */
  template: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    return this.reason.message
  }
}

export const templateFailed = (reason: TemplateError["reason"]): TemplateError => new TemplateError({ reason })

/** What a failure within a step becomes. */
export const stepFailed =
  (step: string) =>
  (error: Error): TemplateError =>
    templateFailed(new StepFailed({ step, detail: FileText.reasonOf(error) }))
