/** Long work: <div class="progress" data-progress-url="…"> asks for its own HTML every second until the server's answer has no such address. */
import { replaceInside } from "./fragment";

async function ask(part: HTMLElement): Promise<void> {
  const url = part.dataset["progressUrl"];
  if (url === undefined) return;
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (answer.ok) take(part, await answer.text());
  } finally {
    if ("progressUrl" in part.dataset) setTimeout(() => void ask(part), 1000);
  }
}

function take(part: HTMLElement, html: string): void {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const answer = fresh.content.querySelector<HTMLElement>(".progress");
  if (answer === null) return location.reload();
  replaceInside(part, answer.innerHTML);
  if (!("progressUrl" in answer.dataset)) delete part.dataset["progressUrl"];
}

export function start(): void {
  for (const part of document.querySelectorAll<HTMLElement>("[data-progress-url]")) setTimeout(() => void ask(part), 1000);
}
