import type { TokenError } from "../../token/TokenError.ts"
import { type ExitCode, exitCodes } from "../ExitCode.ts"

const { home, storage, usage } = exitCodes

/** The exit code for a token, or its keys, that cannot be used. */
export const exitCodeOf = ({ reason }: TokenError): ExitCode => {
  switch (reason._tag) {
    case "NoKeys":
    case "MalformedKeys":
    case "KeyFileExposed":
      return home.code
    case "StoreFailed":
      return storage.code
    default:
      return usage.code
  }
}
