/** How the inbox says what waits and what was decided, for persons and for programs. */
import * as Result from "effect/Result"
import type { ApprovalRequest } from "../../approval/ApprovalRequest.ts"
import type { Details } from "../../approval/Approvals.ts"
import type { Answer } from "../../session/Answer.ts"
import { fromAnswer, type RecordedDecision } from "../../session/Decision.ts"
import { commandLine } from "../CommandLine.ts"
import { toJson } from "../Json.ts"
import type { Side } from "../Screen.ts"

const isoTime = (millis: number): string => new Date(millis).toISOString()

const decisionNames = { Approve: "approve", Deny: "deny", Return: "return", Throw: "throw" } as const

const parsed = (text: string): unknown => JSON.parse(text)

/** A request as part of a line of JSON. */
export const requestJson = (request: ApprovalRequest) => {
  const { approvers, askedMillis, call, digest, expiresMillis, input, method, reason, refused, ruling, run, session } =
    request
  return {
    session,
    run,
    call,
    method,
    input: toJson(input),
    digest,
    reason,
    ...ruling,
    ...(approvers === undefined ? {} : { approvers }),
    askedAt: isoTime(askedMillis),
    ...(expiresMillis === undefined ? {} : { expiresAt: isoTime(expiresMillis) }),
    ...(refused === undefined ? {} : { refused })
  }
}

/** A decision as part of a line of JSON. */
export const decisionJson = ({ atMillis, by, decision }: RecordedDecision) => ({
  decision: decisionNames[decision._tag],
  ...(by === undefined ? {} : { by }),
  at: isoTime(atMillis),
  ...(decision._tag === "Approve" && decision.input !== undefined ? { input: parsed(decision.input) } : {}),
  ...(decision._tag === "Deny" && decision.reason !== undefined ? { reason: decision.reason } : {})
})

/** What somebody decided, in the middle of a sentence. */
export const decisionText = ({ atMillis, by, decision }: RecordedDecision): string => {
  const verb = { Approve: "approved", Deny: "denied", Return: "answered", Throw: "failed" }[decision._tag]
  const edited = decision._tag === "Approve" && decision.input !== undefined ? ` with ${decision.input}` : ""
  return `${verb}${edited} by ${by ?? "the host"} at ${isoTime(atMillis)}`
}

/** Whether a decision says what somebody wanted to say. */
export const isSame = (found: RecordedDecision, by: string, answer: Answer): boolean => {
  const wanted = fromAnswer(answer)
  const asText = (name: string | undefined, decision: unknown) => JSON.stringify([name, decision])
  return Result.isSuccess(wanted) && asText(found.by, found.decision) === asText(by, wanted.success)
}

/** The commands that decide on it. */
const commandsFor = ({ call, session }: ApprovalRequest, flags: ReadonlyArray<string>): ReadonlyArray<string> =>
  ["approve", "deny"].map((verb) => commandLine(["approvals", verb, session, call, ...flags]))

const whoLine = ({ approvers, askedMillis, expiresMillis, run, session }: ApprovalRequest): string => {
  const until = expiresMillis === undefined ? "" : `, refused by itself at ${isoTime(expiresMillis)}`
  const who = approvers === undefined ? "" : `, for ${approvers.join(" or ")}`
  return `session ${session}, run ${run}, asked at ${isoTime(askedMillis)}${until}${who}`
}

const rulingLine = ({ ruling }: ApprovalRequest): ReadonlyArray<string> => {
  if (ruling === undefined) return []
  return [`asked for by ${ruling.layer}${ruling.rule === undefined ? "" : `, rule ${ruling.rule}`}`]
}

const refusedLine = ({ refused }: ApprovalRequest): ReadonlyArray<string> => {
  if (refused === undefined) return []
  return [`a decision of ${refused.by ?? "the host"} was refused: ${refused.detail ?? refused.why}`]
}

/** A request for a person, with what can be typed to decide on it. */
export const requestLines = (
  request: ApprovalRequest,
  flags: ReadonlyArray<string>,
  side: Side
): ReadonlyArray<string> => [
  `${side.paint("bold", request.call)}  ${request.method}  ${side.tame(JSON.stringify(toJson(request.input)))}`,
  ...[request.reason, whoLine(request), ...rulingLine(request), ...refusedLine(request)].map(
    (line) => `    ${side.paint("dim", side.tame(line))}`
  ),
  ...commandsFor(request, flags).map((command) => `    ${side.paint("cyan", command)}`)
]

/** A request and what was decided on it, for a person. */
export const detailLines = (
  { decisions, request }: Details,
  flags: ReadonlyArray<string>,
  side: Side
): ReadonlyArray<string> => [
  ...requestLines(request, flags, side),
  ...decisions.map((decision) => {
    const fate = decision.fate === "pending" ? "which the session has not taken up yet" : "which was another question"
    return `    ${side.tame(`${decisionText(decision)}, ${fate}`)}`
  })
]
