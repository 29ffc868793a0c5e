import * as Cause from "effect/Cause"
import type { ConfigError } from "effect/Config"
import type * as CliError from "effect/cli/CliError"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { AuditError } from "../audit/AuditError.ts"
import type { Malformed } from "../capability/Plain.ts"
import type { ArchiveRejected } from "../file/Archive.ts"
import type { FileError, FileErrorCode } from "../file/FileError.ts"
import type { HomeError } from "../home/HomeError.ts"
import type { MachineError } from "../machine/Machine.ts"
import type { LocalFileError } from "../promise/LocalFileError.ts"
import type { JournalError } from "../session/journal/Journal.ts"
import type { SessionError } from "../session/SessionError.ts"
import type { TemplateError } from "../template/TemplateError.ts"
import type { TokenError } from "../token/TokenError.ts"
import type { ToolkitError } from "../tool/ToolkitError.ts"
import * as AuditExit from "./audit/Exit.ts"
import { type ExitCode, exitCodes } from "./ExitCode.ts"
import * as TemplateExit from "./template/Exit.ts"
import * as TokenExit from "./token/Exit.ts"

/** The command cannot do what it was asked, and did nothing. */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", {
  reason: Schema.Literals([
    "NoSource",
    "NotReadable",
    "Contradiction",
    "UnrecognizedOption",
    "InvalidDuration",
    "InvalidJson",
    "InvalidToolsModule",
    "NoHome",
    "NothingToResume",
    "NothingToCancel",
    "DecidedBefore",
    "LimitsAreFixed",
    "TemplateIsFixed",
    "NotBuilt"
  ]),
  message: Schema.String
}) {}

/** What was to be reported has been reported; what is left is to end with this exit code. */
export class Ended extends Schema.TaggedError<Ended>()("Ended", { exitCode: Schema.Int }) {}

/** Everything that a subcommand fails with. */
export type CommandError =
  | UsageError
  | Ended
  | HomeError
  | SessionError
  | JournalError
  | MachineError
  | ToolkitError
  | Malformed
  | TokenError
  | AuditError
  | FileError
  | ArchiveRejected
  | LocalFileError
  | TemplateError
  | TemplateExit.NotInstalled
  | TemplateExit.SnapshotsUnavailable
  | ConfigError

/** Why the command did not do what it was asked, in the form in which it says so. */
export interface Problem {
  readonly name: string
  readonly reason?: string
  readonly message: string
  readonly exitCode: ExitCode
}

const { home, internal, storage, unavailable, usage } = exitCodes

const sessionCodes: Record<SessionError["reason"]["_tag"], ExitCode> = {
  RunConflict: usage.code,
  RunInProgress: usage.code,
  RunTakenBack: unavailable.code,
  SourceTooLarge: usage.code,
  SessionClosed: usage.code,
  SessionExpired: usage.code,
  SessionFrozen: usage.code,
  AnswerRefused: usage.code,
  ToolMissing: usage.code,
  InvalidOptions: usage.code,
  PointNotFound: usage.code,
  Diverged: internal.code,
  StateLost: internal.code,
  PointNotKept: usage.code,
  TokenTooTight: usage.code,
  CodeRefused: usage.code,
  RulesNotKept: usage.code
}

const journalCodes: Record<JournalError["reason"]["_tag"], ExitCode> = {
  SessionNotFound: usage.code,
  SessionExists: usage.code,
  SessionBusy: unavailable.code,
  Fenced: unavailable.code,
  SequenceGap: internal.code,
  StorageFailed: storage.code,
  JournalDamaged: storage.code,
  SessionClosed: usage.code
}

const machineCodes: Record<MachineError["reason"]["_tag"], ExitCode> = {
  MachineLost: internal.code,
  MachineUnavailable: unavailable.code,
  SnapshotRejected: storage.code,
  SnapshotTooLarge: exitCodes.failed.code,
  ProcessLimit: exitCodes.failed.code,
  UnknownTemplate: usage.code
}

const homeCode = ({ reason }: HomeError): ExitCode => {
  switch (reason._tag) {
    case "SqliteError":
      return reason.reason._tag === "Locked" ? unavailable.code : home.code
    case "AuditError":
      return AuditExit.exitCodeOf(reason)
    case "PolicyError":
    case "Malformed":
      return usage.code
    default:
      return home.code
  }
}

const codeOf = (error: Exclude<CommandError, Ended>): ExitCode => {
  switch (error._tag) {
    case "SessionError":
      return sessionCodes[error.reason._tag]
    case "JournalError":
      return journalCodes[error.reason._tag]
    case "MachineError":
      return machineCodes[error.reason._tag]
    case "HomeError":
      return homeCode(error)
    case "TokenError":
      return TokenExit.exitCodeOf(error)
    case "AuditError":
      return AuditExit.exitCodeOf(error)
    case "TemplateError":
      return TemplateExit.exitCodeOf(error)
    case "NotInstalled":
      return exitCodes.missing.code
    case "SnapshotsUnavailable":
      return unavailable.code
    case "ArchiveRejected":
    case "ConfigError":
    case "FileError":
    case "LocalFileError":
    case "Malformed":
    case "ToolkitError":
    case "UsageError":
      return usage.code
  }
}

const fileAdvice: Partial<Record<FileErrorCode, string>> = {
  ENOENT: "; `caisson files ls ID DIRECTORY` shows what is there",
  ENOTDIR: "; `caisson files ls ID DIRECTORY` shows what is there",
  ENOTEMPTY: "; --recursive removes it with all that is in it",
  ENOSPC: "; `caisson files rm ID PATH` makes room"
}

/** What a person can do about it, where that is not in the message. */
const adviceFor = (error: Exclude<CommandError, Ended>): string => {
  if (error._tag === "FileError") return fileAdvice[error.code] ?? ""
  if (error._tag === "TemplateError") return TemplateExit.adviceFor(error)
  if (error._tag === "LocalFileError" && error.reason === "AlreadyThere")
    return "; --force replaces files, or give another place"
  switch ("reason" in error && typeof error.reason === "object" ? error.reason._tag : "") {
    case "SnapshotRejected":
      return "; in the embedded tier, `caisson resume ID --rebuild` does without snapshots"
    case "MachineUnavailable":
    case "StorageFailed":
      return "; what is recorded of the run goes on with `caisson resume ID`"
    case "ToolMissing":
      return ", by --tools MODULE"
    default:
      return ""
  }
}

/** An owner's name says more than a person can use: see `session/Owner.ts`. */
const holderOf = (owner: string): string => {
  const [, host, pid] = /^(\S+) pid (\d+) /.exec(owner) ?? []
  return pid === undefined ? owner : `process ${pid} on ${host}`
}

const oneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, " ")

const messageOf = (error: Exclude<CommandError, Ended>): string => {
  if (error._tag === "ConfigError") {
    return `a variable of the environment is missing, or cannot be used: ${oneLine(error.cause.message)}`
  }
  return error._tag === "JournalError" && error.reason._tag === "SessionBusy"
    ? `session ${error.reason.session} is held by ${holderOf(error.reason.owner)}`
    : `${error.message}${adviceFor(error)}`
}

/** The innermost reason: an error of one layer may be the reason of one of the next. */
const reasonOf = (error: object): { readonly reason?: string } => {
  if ("_tag" in error && error._tag === "FileError" && "code" in error) return { reason: String(error.code) }
  if (!("reason" in error)) return {}
  const { reason } = error
  if (typeof reason === "string") return { reason }
  if (typeof reason !== "object" || reason === null || !("_tag" in reason)) return {}
  return { reason: String(reason._tag), ...reasonOf(reason) }
}

const fromCommand = (error: Exclude<CommandError, Ended>): Problem => ({
  name: error._tag,
  ...reasonOf(error),
  message: messageOf(error),
  exitCode: codeOf(error)
})

const fromParser = ({ commandPath, errors }: CliError.ShowHelp): Problem => {
  const help = `try ${[...commandPath, "--help"].join(" ")}`
  const [first] = errors
  if (first === undefined) {
    return { name: "UsageError", reason: "NoCommand", message: `no command was given: ${help}`, exitCode: usage.code }
  }
  const messages = errors.map(({ message }) => oneLine(message))
  return { name: "UsageError", reason: first._tag, message: `${messages.join("; ")}: ${help}`, exitCode: usage.code }
}

const fromDefect = (defect: unknown): Problem => ({
  name: "InternalError",
  message: `something went wrong inside Caisson: ${defect instanceof Error ? defect.message : String(defect)}`,
  exitCode: internal.code
})

/** The problem behind a failed command, or the exit code if all has been said. */
export const fromCause = (cause: Cause.Cause<CommandError | CliError.CliError>): Problem | ExitCode => {
  const found = Cause.findError(cause)
  if (Result.isFailure(found)) return fromDefect(Cause.squash(cause))
  const error = found.success
  switch (error._tag) {
    case "Ended":
      return error.exitCode as ExitCode
    case "ShowHelp":
      return fromParser(error)
    case "UsageError":
    case "SessionError":
    case "JournalError":
    case "MachineError":
    case "HomeError":
    case "ToolkitError":
    case "Malformed":
    case "TokenError":
    case "AuditError":
    case "FileError":
    case "ArchiveRejected":
    case "LocalFileError":
    case "TemplateError":
    case "NotInstalled":
    case "SnapshotsUnavailable":
    case "ConfigError":
      return fromCommand(error)
    default:
      return { name: "UsageError", reason: error._tag, message: error.message, exitCode: usage.code }
  }
}
