/**
 * Sound, only where the viewer has turned it on: a critical alarm that nobody has acknowledged rings every four seconds.
 * data-tone="right" or "wrong" on a page that answers a scan plays once; "wrong" also vibrates.
 */
import { say } from "./words";

type Note = [hertz: number, after: number, seconds: number];
const TONES: Record<"critical" | "right" | "wrong", Note[]> = {
  critical: [[880, 0, 0.18], [660, 0.22, 0.18], [880, 0.44, 0.18]],
  right: [[1320, 0, 0.09]],
  wrong: [[220, 0, 0.18], [180, 0.22, 0.3]],
};
const EVERY_MS = 4000;

let context: AudioContext | null = null;
const isOn = (): boolean => localStorage.getItem("sound") === "on";

function play(tone: keyof typeof TONES): void {
  context ??= new AudioContext();
  void context.resume();
  for (const [hertz, after, seconds] of TONES[tone]) beep(context, hertz, context.currentTime + after, seconds);
}

function beep(to: AudioContext, hertz: number, at: number, seconds: number): void {
  const [tone, loudness] = [to.createOscillator(), to.createGain()];
  tone.frequency.value = hertz;
  loudness.gain.setValueAtTime(0.0001, at);
  loudness.gain.exponentialRampToValueAtTime(0.4, at + 0.015);
  loudness.gain.exponentialRampToValueAtTime(0.0001, at + seconds);
  tone.connect(loudness).connect(to.destination);
  tone.start(at);
  tone.stop(at + seconds);
}

const somethingCritical = (): boolean => document.querySelector('[data-severity="critical"]:not([data-held])') !== null;

function show(button: HTMLElement): void {
  button.hidden = false;
  button.setAttribute("aria-pressed", String(isOn()));
  button.textContent = say(isOn() ? "sound_on" : "sound_off");
}

function listen(button: HTMLElement): void {
  show(button);
  button.addEventListener("click", () => {
    localStorage.setItem("sound", isOn() ? "off" : "on");
    show(button);
    if (isOn()) play("right");
  });
}

export function start(): void {
  document.querySelectorAll<HTMLElement>("[data-sound]").forEach(listen);
  setInterval(() => {
    if (isOn() && somethingCritical()) play("critical");
  }, EVERY_MS);
  const wanted = document.querySelector<HTMLElement>("[data-tone]")?.dataset["tone"];
  if (wanted === "right" || wanted === "wrong") tone(wanted);
}

/** Answers a scan: "wrong" vibrates too, and both sound where the viewer has turned it on. */
export function tone(wanted: "right" | "wrong"): void {
  if (wanted === "wrong") navigator.vibrate?.([120, 60, 120]);
  if (isOn()) play(wanted);
}
