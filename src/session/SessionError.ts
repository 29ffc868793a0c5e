import * as Schema from "effect/Schema"

/** The run id was used before, with other code. */
export class RunConflict extends Schema.TaggedError<RunConflict>()("RunConflict", { run: Schema.String }) {
  override get message() {
    return `run ${this.run} exists already with other code: give the new code a run id of its own`
  }
}
/** A session runs one piece of code at a time, and the one before is not finished. */
export class RunInProgress extends Schema.TaggedError<RunInProgress>()("RunInProgress", { run: Schema.String }) {
  override get message() {
    return `run ${this.run} is not finished: answer its calls, resume it or cancel it first`
  }
}
/** While somebody waited for the run, the session was taken back to a point before it. */
export class RunTakenBack extends Schema.TaggedError<RunTakenBack>()("RunTakenBack", { run: Schema.String }) {
  override get message() {
    return `run ${this.run} was taken back by a rewind`
  }
}
export class SourceTooLarge extends Schema.TaggedError<SourceTooLarge>()("SourceTooLarge", {
  bytes: Schema.Int,
  bytesMax: Schema.Int
}) {
  override get message() {
    return `the source has ${this.bytes} bytes, ${this.bytesMax} are allowed`
  }
}
export class SessionClosed extends Schema.TaggedError<SessionClosed>()("SessionClosed", { session: Schema.String }) {
  override get message() {
    return `session ${this.session} is closed`
  }
}
/** Sessions of its template last no longer. Nothing was recorded; what it was can still be read. */
export class SessionExpired extends Schema.TaggedError<SessionExpired>()("SessionExpired", {
  session: Schema.String,
  totalMillis: Schema.Finite
}) {
  override get message() {
    return `session ${this.session} is older than the ${this.totalMillis / 1_000} seconds that its template gives sessions`
  }
}
/** The session was stopped until a person lets it go on. Nothing was recorded. */
export class SessionFrozen extends Schema.TaggedError<SessionFrozen>()("SessionFrozen", { session: Schema.String }) {
  override get message() {
    return `session ${this.session} is frozen, and runs nothing until a person lets it go on`
  }
}
/** Nothing was recorded: the answer does not fit the state of the call. */
export class AnswerRefused extends Schema.TaggedError<AnswerRefused>()("AnswerRefused", {
  call: Schema.String,
  why: Schema.Literals([
    "UnknownCall",
    "NotWaiting",
    "NeedsReconciling",
    "NothingToReconcile",
    "Expired",
    "NotAValue",
    "TooLarge",
    "Stale",
    "NotAnApprover",
    "Frozen",
    "InvalidInput",
    "InputDenied",
    "InvalidOutput"
  ]),
  /** What exactly was wrong with it. */
  detail: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const reasons: Record<typeof this.why, string> = {
      UnknownCall: "this session has no such call",
      NotWaiting: "it waits for no decision",
      NeedsReconciling: "it was started and its outcome is unknown: reconcile it",
      NothingToReconcile: "its outcome is not unknown",
      Expired: "the time to decide is over; the guest gets a refusal",
      NotAValue: "the result cannot cross into a guest",
      TooLarge: "the value is larger than this session's limit",
      Stale: "it is another question by now than the one that was shown",
      NotAnApprover: "others have to decide on it",
      Frozen: "the session is frozen, and lets no call through",
      InvalidInput: "its tool cannot take this input",
      InputDenied: "it is not allowed with this input",
      InvalidOutput: "its tool does not give such a result"
    }
    const detail = this.detail === undefined ? "" : ` (${this.detail})`
    return `call ${this.call} cannot be answered like this: ${reasons[this.why]}${detail}`
  }
}
/** A call waits for a tool that this process does not offer. Nothing was recorded; whoever offers it can go on. */
export class ToolMissing extends Schema.TaggedError<ToolMissing>()("ToolMissing", { method: Schema.String }) {
  override get message() {
    return `this process does not offer the tool ${this.method}, which a call waits for: resume the session with it`
  }
}
/** What a session or a run was to be started with is not valid; nothing was written. */
export class InvalidOptions extends Schema.TaggedError<InvalidOptions>()("InvalidOptions", {
  option: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.option} is not valid: ${this.detail}`
  }
}
/** No such point in the journal, or one that a rewind took back. */
export class PointNotFound extends Schema.TaggedError<PointNotFound>()("PointNotFound", {
  session: Schema.String,
  seq: Schema.Int
}) {
  override get message() {
    return `session ${this.session} has no point ${this.seq} to go back to`
  }
}
/** Replaying recorded answers led the guest elsewhere than the journal says. Nothing was given to it beyond that point. */
export class Diverged extends Schema.TaggedError<Diverged>()("Diverged", { seq: Schema.Int, detail: Schema.String }) {
  override get message() {
    return `the replay diverged from the journal at ${this.seq}: ${this.detail}`
  }
}

/** The machine that had these runs in it is gone. The session is usable: it goes on from where it was last written down. */
export class StateLost extends Schema.TaggedError<StateLost>()("StateLost", { runs: Schema.Array(Schema.String) }) {
  override get message() {
    const runs = this.runs.length === 0 ? "the run in progress" : this.runs.join(", ")
    return `the machine is gone, and with it what it knew of ${runs}: the guest is as it was when it was last written down`
  }
}

/** The guest was not written down at this point, and machines of this tier do not do the same again. */
export class PointNotKept extends Schema.TaggedError<PointNotKept>()("PointNotKept", {
  session: Schema.String,
  seq: Schema.Int,
  /** The last point before it at which the guest was written down; absent if there is none. */
  before: Schema.optionalKey(Schema.Int)
}) {
  override get message() {
    const instead = this.before === undefined ? "" : `; it was at ${this.before}`
    return `session ${this.session} was not written down at point ${this.seq}${instead}`
  }
}

/** A token allows fewer resources than the session may use already. Nothing was recorded. */
export class TokenTooTight extends Schema.TaggedError<TokenTooTight>()("TokenTooTight", {
  limit: Schema.String,
  allowed: Schema.Number,
  needed: Schema.Number
}) {
  override get message() {
    return `the token allows ${this.allowed} as ${this.limit}, the session may use ${this.needed}: open one with a lower limit`
  }
}
/** A rule of the policy is against this code, or the session's token against its language. Nothing was recorded. */
export class CodeRefused extends Schema.TaggedError<CodeRefused>()("CodeRefused", {
  rule: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `this code may not run: ${this.detail}`
  }
}
/**
 * Machines of the session's template do not look at what their guests do, so that they would break rules of a policy or token
 * about commands or files. Nothing was recorded, and no machine was taken.
 */
export class RulesNotKept extends Schema.TaggedError<RulesNotKept>()("RulesNotKept", {
  template: Schema.String,
  language: Schema.String,
  /** What the rules are about. */
  kind: Schema.Literals(["commands", "files"]),
  by: Schema.Literals(["policy", "token"]),
  /** Whose they are: `policy payments`, `token tok_…`. */
  layer: Schema.String
}) {
  override get message() {
    const instead = {
      token: "use a token in force that lets all files be read and written",
      policy: `allow them all (defaults: { ${this.kind}: allow }), and give rules that deny or ask a when with other templates`
    }
    const code = this.kind === "commands" ? ` for ${this.language} code` : ""
    return `machines of ${this.template} keep no rules about ${this.kind}${code}, and the ${this.layer} does not allow them all: ${instead[this.by]}`
  }
}

/** Why a session could not do what it was asked. */
export class SessionError extends Schema.TaggedError<SessionError>()("SessionError", {
  reason: Schema.Union([
    RunConflict,
    RunInProgress,
    RunTakenBack,
    SourceTooLarge,
    SessionClosed,
    SessionExpired,
    SessionFrozen,
    AnswerRefused,
    ToolMissing,
    InvalidOptions,
    PointNotFound,
    Diverged,
    StateLost,
    PointNotKept,
    TokenTooTight,
    CodeRefused,
    RulesNotKept
  ])
}) {
  override get message() {
    return this.reason.message
  }
}
