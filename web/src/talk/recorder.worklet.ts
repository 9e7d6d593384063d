// Runs on the audio thread: gathers 50 ms of sound and hands it on as 16-bit samples, with how loud they are.
// (lib.dom does not know the worklet's own globals.)
declare const sampleRate: number;
declare function registerProcessor(name: string, made: unknown): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

class Recorder extends AudioWorkletProcessor {
  private held = new Int16Array(Math.round(sampleRate / 20));
  private filled = 0;
  private loudest = 0;

  process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    for (const sample of channel ?? []) {
      this.loudest = Math.max(this.loudest, Math.abs(sample));
      this.held[this.filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.filled === this.held.length) {
        this.port.postMessage({ samples: this.held.slice(), level: this.loudest });
        this.filled = 0;
        this.loudest = 0;
      }
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
