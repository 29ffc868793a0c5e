/**
 * Caisson for async code: sandboxes, durable sessions and tools as promises, without any knowledge of Effect.
 *
 * ```ts
 * import { Caisson, tool } from "caisson/promise"
 *
 * const charge = tool("stripe.charges.create", {
 *   description: "Charges a card",
 *   input: { type: "object", properties: { amount: { type: "integer" } }, required: ["amount"] },
 *   execute: async ({ amount }, { idempotencyKey, signal }) => ({ id: "ch_1", amount })
 * })
 * ```
 */

export type { AuditError } from "./audit/AuditError.ts"
export type { Capability } from "./capability/Capability.ts"
export type { Malformed } from "./capability/Plain.ts"
export type { ArchiveRejected } from "./file/Archive.ts"
export type { FileError } from "./file/FileError.ts"
export type { AuditOptions } from "./home/Audit.ts"
export type { HomeError } from "./home/HomeError.ts"
export type { OtlpOptions } from "./home/Otlp.ts"
export type { Limits } from "./machine/Limits.ts"
export type { MachineError } from "./machine/Machine.ts"
export type { Display, FileChange, Output, Phases } from "./machine/Turn.ts"
export type { PolicyError } from "./policy/PolicyError.ts"
export type { Answer, Reconciliation } from "./promise/Answer.ts"
export type {
  ApprovalRequest,
  Approvals,
  Approving,
  Decided,
  Denying,
  Details as ApprovalDetails,
  Page as ApprovalPage
} from "./promise/Approvals.ts"
export {
  Caisson,
  type CaissonOptions,
  type ListOptions,
  type ResumeSessionOptions,
  type RunOnceOptions,
  runOnce,
  type SandboxOptions,
  type SessionOptions
} from "./promise/Caisson.ts"
export * as Declarations from "./promise/Declarations.ts"
export type {
  Artifact,
  ArtifactContent,
  FileEntry,
  Files,
  ReadOptions,
  RecursionOptions,
  WriteOptions
} from "./promise/Files.ts"
export type { CapabilityInput, GrantOptions } from "./promise/Grants.ts"
export type { SignalOptions } from "./promise/Lease.ts"
export type { LocalFileError } from "./promise/LocalFileError.ts"
export type { LocalTargetOptions } from "./promise/LocalTarget.ts"
export { prometheus } from "./promise/Metrics.ts"
export { ReleasedError } from "./promise/ReleasedError.ts"
export type { CompletedRun, FailedRun, PausedRun, RunResult, WaitingCall } from "./promise/RunResult.ts"
export type { RunOptions, Sandbox, WaitOptions } from "./promise/Sandbox.ts"
export type { Session } from "./promise/Session.ts"
export type { JournalError, Summary } from "./session/journal/Journal.ts"
export type { RunMetrics } from "./session/RunResult.ts"
export type { SessionError } from "./session/SessionError.ts"
export type { Entry, SessionEvent, Stance } from "./session/SessionEvent.ts"
export type { ForkOptions } from "./session/SessionOptions.ts"
export type { TokenError } from "./token/TokenError.ts"
export type { GuestError } from "./tool/GuestError.ts"
export { fromJsonSchema as tool, type Invocation, type Tool } from "./tool/Tool.ts"
export type { ToolkitError } from "./tool/ToolkitError.ts"
export { Opaque } from "./tool/value/Opaque.ts"
