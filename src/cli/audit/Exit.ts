import type { AuditError } from "../../audit/AuditError.ts"
import { type ExitCode, exitCodes } from "../ExitCode.ts"

/** The exit code for an audit log, or its keys, that cannot be used. */
export const exitCodeOf = ({ reason }: AuditError): ExitCode => {
  switch (reason._tag) {
    case "LogLocked":
    case "LogClosed":
    case "NotCovered":
      return exitCodes.unavailable.code
    case "LogDamaged":
    case "FileFailed":
      return exitCodes.storage.code
    case "KeyRefused":
      return exitCodes.home.code
    case "InvalidEvent":
    case "LogMissing":
    case "RunNotFound":
    case "RunAmbiguous":
      return exitCodes.usage.code
  }
}
