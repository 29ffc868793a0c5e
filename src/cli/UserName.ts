import { userInfo } from "node:os"

/** What the user is called whom this process belongs to: who decides, where nobody else is named. */
export const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`
  }
}
