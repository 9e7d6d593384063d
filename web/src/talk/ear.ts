// Hearing through /v1/realtime: the microphone's sound goes out, what was heard comes back. The server finds where
// speech begins and ends; it is told not to answer, because deciding and acting go their own way (operate).
import { store } from "../store.ts";
import type { Screen } from "../api.ts";
import { kRateHz, Microphone, type MicrophoneProblem } from "./microphone.ts";

export interface EarEvents {
  onLevel(level: number): void;
  onSpeech(): void; // somebody speaks
  onSilence(): void; // and has ended
  onWords(words: string, asr_ms: number): void;
  onProblem(problem: MicrophoneProblem | "connectionLost", detail?: string): void;
}

interface ServerEvent {
  type: string;
  transcript?: string;
  error?: { message?: string; code?: string };
}

function base64(samples: Int16Array): string {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  let text = "";
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}

export class Ear {
  private socket: WebSocket | undefined;
  private microphone: Microphone | undefined;
  private endedAt = 0;
  private closed = false;

  constructor(private readonly events: EarEvents) {}

  async open(): Promise<void> {
    try {
      await this.connect();
      const microphone = await Microphone.open((samples, level) => {
        this.events.onLevel(level);
        this.send({ type: "input_audio_buffer.append", audio: base64(samples) });
      });
      if (this.closed) {
        microphone.close(); // stopped while the browser still asked
      } else {
        this.microphone = microphone;
      }
    } catch (problem) {
      const known = typeof problem === "string" ? (problem as MicrophoneProblem) : "connectionLost";
      this.close();
      this.events.onProblem(known);
    }
  }

  // What is on the screen makes its words likelier to be heard.
  see(screen: Screen): void {
    this.send({ type: "session.update", session: { type: "realtime", yanxing: { screen } } });
  }

  // The user has ended, whether or not silence says so.
  commit(): void {
    this.send({ type: "input_audio_buffer.commit" });
  }

  // No more sound goes out; words that are on their way still come.
  mute(): void {
    this.microphone?.close();
    this.microphone = undefined;
  }

  close(): void {
    this.closed = true;
    this.mute();
    this.socket?.close();
    this.socket = undefined;
  }

  private send(event: unknown): void {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify(event));
    }
  }

  private connect(): Promise<void> {
    const { key, spoken } = store();
    const protocols = ["realtime", ...(key === "" ? [] : [`openai-insecure-api-key.${key}`])];
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/realtime`, protocols);
    this.socket = socket;
    socket.onmessage = ({ data }) => this.handle(JSON.parse(data as string) as ServerEvent);
    return new Promise((resolve, reject) => {
      socket.onclose = () => {
        reject(new Error("closed"));
        if (!this.closed) {
          this.close();
          this.events.onProblem("connectionLost");
        }
      };
      socket.onopen = () => {
        this.send({
          type: "session.update",
          session: {
            type: "realtime",
            output_modalities: ["text"],
            audio: {
              input: {
                format: { type: "audio/pcm", rate: kRateHz },
                transcription: { model: "whisper-1", ...(spoken === "auto" ? {} : { language: spoken }) },
                turn_detection: { type: "server_vad", create_response: false, interrupt_response: false },
              },
            },
          },
        });
        resolve();
      };
    });
  }

  private handle(event: ServerEvent): void {
    switch (event.type) {
      case "input_audio_buffer.speech_started":
        this.events.onSpeech();
        break;
      case "input_audio_buffer.speech_stopped":
        this.endedAt = performance.now();
        this.events.onSilence();
        break;
      case "conversation.item.input_audio_transcription.completed":
        this.events.onWords(event.transcript ?? "", performance.now() - this.endedAt);
        break;
      case "conversation.item.input_audio_transcription.failed":
        this.events.onProblem("connectionLost", event.error?.message);
        break;
      case "error":
        if (event.error?.code !== "input_audio_buffer_commit_empty") {
          this.events.onProblem("connectionLost", event.error?.message);
        }
        break;
    }
  }
}
