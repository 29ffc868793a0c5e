import * as Schema from "effect/Schema"
import type { TemplateError } from "../../template/TemplateError.ts"
import { type ExitCode, exitCodes } from "../ExitCode.ts"
import { hostPrograms, installing, installingProgram, packagesOf } from "../HostPrograms.ts"

/** Programs that are needed are not on this host. */
export class NotInstalled extends Schema.TaggedError<NotInstalled>()("NotInstalled", {
  programs: Schema.Array(Schema.String)
}) {
  override get message() {
    const packages = packagesOf(hostPrograms.filter(({ name }) => this.programs.includes(name)))
    return `not installed: ${this.programs.join(", ")}; on Debian: ${installing(packages)}`
  }
}

/** Snapshots of templates cannot be read or removed. No session is held for it, so that none can go on. */
export class SnapshotsUnavailable extends Schema.TaggedError<SnapshotsUnavailable>()("SnapshotsUnavailable", {
  detail: Schema.String
}) {
  override get message() {
    return `snapshots of templates cannot be had: ${this.detail}`
  }
}

/** The exit code for a template that cannot be read or built. */
export const exitCodeOf = ({ reason }: TemplateError): ExitCode => {
  switch (reason._tag) {
    case "NotReadable":
    case "Malformed":
    case "Unknown":
      return exitCodes.usage.code
    case "ProgramFailed":
      return reason.reason === "NotInstalled" ? exitCodes.missing.code : exitCodes.failed.code
    case "StepFailed":
    case "ImageRefused":
    case "Corrupted":
      return exitCodes.failed.code
  }
}

/** What a person can do about it. */
export const adviceFor = ({ reason, template = "NAME" }: TemplateError): string => {
  if (reason._tag === "StepFailed") return "; `caisson doctor` says what this host lacks"
  if (reason._tag !== "ProgramFailed") return ""
  if (reason.reason !== "NotInstalled")
    return `\n\`caisson template build ${template} --verbose\` shows all that the tools say`
  const command = installingProgram(reason.program)
  return command === undefined ? "" : `; on Debian: ${command}`
}
