// The browser's microphone as pieces of 50 ms, 24 kHz, 16 bit: what the realtime API takes.
import workletUrl from "./recorder.worklet.ts?worker&url";

export const kRateHz = 24000;

export type MicrophoneProblem = "micInsecure" | "micDenied" | "micMissing";

export class Microphone {
  private constructor(
    private readonly context: AudioContext,
    private readonly stream: MediaStream,
  ) {}

  // Rejects with a MicrophoneProblem.
  static async open(onPiece: (samples: Int16Array, level: number) => void): Promise<Microphone> {
    if (!navigator.mediaDevices) {
      throw "micInsecure" satisfies MicrophoneProblem;
    }
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch (error) {
      const denied = error instanceof DOMException && error.name === "NotAllowedError";
      throw (denied ? "micDenied" : "micMissing") satisfies MicrophoneProblem;
    }
    const context = new AudioContext({ sampleRate: kRateHz });
    await context.audioWorklet.addModule(workletUrl);
    const recorder = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
    recorder.port.onmessage = ({ data }: MessageEvent<{ samples: Int16Array; level: number }>) =>
      onPiece(data.samples, data.level);
    context.createMediaStreamSource(stream).connect(recorder);
    return new Microphone(context, stream);
  }

  close(): void {
    for (const track of this.stream.getTracks()) {
      track.stop();
    }
    void this.context.close();
  }
}
