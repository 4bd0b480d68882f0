// Firefox by its own protocol, which needs no other package: JSON over a socket, "length:[0, id, command, parameters]".
import {type ChildProcess, spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {connect, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const PORT = 2929;

export class Firefox {
  private next = 0;
  private read = Buffer.alloc(0);
  private readonly waiting = new Map<number, {resolve(value: unknown): void; reject(error: Error): void}>();

  private constructor(private readonly process: ChildProcess, private readonly socket: Socket, private readonly profile: string) {
    socket.on('data', (part) => this.heard(part));
  }

  static async start(): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), 'firefox-'));
    writeFileSync(join(profile, 'user.js'), `user_pref("marionette.port", ${PORT});\n`);
    const process = spawn('firefox-esr', ['--headless', '--marionette', '--profile', profile, '--no-remote'], {stdio: 'ignore'});
    for (let tries = 0; ; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const socket = await new Promise<Socket | null>((resolve) => {
        const trying = connect(PORT, '127.0.0.1', () => resolve(trying)).on('error', () => resolve(null));
      });
      if (!socket && tries < 120) continue;
      if (!socket) throw new Error('Firefox does not answer');
      const firefox = new Firefox(process, socket, profile);
      await firefox.call('WebDriver:NewSession', {});
      await firefox.call('WebDriver:SetTimeouts', {script: 120000});
      return firefox;
    }
  }

  open(url: string): Promise<unknown> {
    return this.call('WebDriver:Navigate', {url});
  }

  /** Runs the body of an asynchronous function in the page. */
  async run<T>(body: string): Promise<T> {
    const script = `const done = arguments[arguments.length - 1];
      (async () => { ${body} })().then((value) => done({value}), (error) => done({error: String(error)}));`;
    const {value: {value, error}} = await this.call('WebDriver:ExecuteAsyncScript', {script, args: [], newSandbox: false}) as
      {value: {value: T; error?: string}};
    if (error) throw new Error(error);
    return value;
  }

  close(): void {
    this.socket.destroy();
    this.process.kill();
    setTimeout(() => rmSync(this.profile, {recursive: true, force: true, maxRetries: 5}), 1000);
  }

  private call(command: string, parameters: object): Promise<unknown> {
    const id = this.next++, message = JSON.stringify([0, id, command, parameters]);
    this.socket.write(`${Buffer.byteLength(message)}:${message}`);
    return new Promise((resolve, reject) => this.waiting.set(id, {resolve, reject}));
  }

  private heard(part: Buffer): void {
    this.read = Buffer.concat([this.read, part]);
    for (;;) {
      const colon = this.read.indexOf(':'), length = +this.read.subarray(0, colon).toString();
      if (colon < 0 || this.read.length < colon + 1 + length) return;
      const message: unknown = JSON.parse(this.read.subarray(colon + 1, colon + 1 + length).toString());
      this.read = this.read.subarray(colon + 1 + length);
      if (!Array.isArray(message)) continue; // its greeting
      const [, id, error, value] = message as [number, number, {message: string} | null, unknown];
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) waiting?.reject(new Error(error.message));
      else waiting?.resolve(value);
    }
  }
}
