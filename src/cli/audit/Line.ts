import type { Side } from "../Screen.ts"

/** More of an event's data is not shown on its line. */
const dataMax = 200

const shortened = (text: string): string => (text.length <= dataMax ? text : `${text.slice(0, dataMax)}…`)

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

/** A line of the log for a person: number, time, type, who it is about, and what there is to say. */
export const lineOf = (text: string, side: Side): string => {
  const { data, run, seq, session, time, type }: Readonly<Record<string, unknown>> = JSON.parse(text)
  const who = [textOf(session), textOf(run)].filter((id) => id !== "").join(" ")
  const said = shortened(JSON.stringify(data))
  const number = String(seq).padStart(6)
  return `${number}  ${side.paint("dim", textOf(time))}  ${side.paint("bold", textOf(type))}  ${side.tame(`${who}${who === "" ? "" : "  "}${said}`)}`
}
