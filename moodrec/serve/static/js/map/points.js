/** Draws the points of the map in WebGL2: one call for all of them. */

const VERTEX = `#version 300 es
in vec2 place; in vec4 colour; in float mark;
uniform vec2 centre; uniform vec2 scale; uniform float size; uniform float dim;
out vec4 shade; out float ring;
void main() {
  gl_Position = vec4((place - centre) * scale, mark * -0.2, 1.0);
  gl_PointSize = size * (mark > 2.5 ? 2.6 : mark > 1.5 ? 1.7 : 1.0);
  shade = vec4(colour.rgb, mark < 0.5 ? dim : mark > 1.5 ? 1.0 : 0.85);
  ring = mark > 2.5 ? 1.0 : 0.0;
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 shade; in float ring; uniform vec3 ink; out vec4 shown;
void main() {
  float r = length(gl_PointCoord - 0.5) * 2.0;
  float cover = 1.0 - smoothstep(0.82, 1.0, r);
  if (cover < 0.02) discard; // or the corners of a mark would hide the points behind it
  vec3 colour = ring > 0.5 && r > 0.62 ? ink : shade.rgb;
  shown = vec4(colour * shade.a, shade.a) * cover;
}`;

export const HIDDEN = 0, PLAIN = 1, HIT = 2, SEED = 3;

export class Points {
  /** @param {HTMLCanvasElement} canvas @throws {Error} where the browser has no WebGL2 */
  constructor(canvas) {
    const gl = canvas.getContext("webgl2", { antialias: true, premultipliedAlpha: true, alpha: true });
    if (!gl) throw new Error("no WebGL2");
    this.gl = gl;
    this.program = link(gl);
    gl.useProgram(this.program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    this.buffers = {};
    this.count = 0;
  }

  /** @param {Uint16Array} places x and y in [0, 65535] */
  setPlaces(places) {
    this.count = places.length / 2;
    this.fill("place", places, 2, this.gl.UNSIGNED_SHORT);
  }

  /** @param {Uint8Array} colours four bytes a point */
  setColours(colours) { this.fill("colour", colours, 4, this.gl.UNSIGNED_BYTE); }

  /** @param {Uint8Array} marks HIDDEN, PLAIN, HIT or SEED for each point */
  setMarks(marks) { this.fill("mark", marks, 1, this.gl.UNSIGNED_BYTE, false); }

  fill(name, data, size, type, normalised = true) {
    const gl = this.gl, at = gl.getAttribLocation(this.program, name);
    const buffer = (this.buffers[name] ??= gl.createBuffer());
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, type, normalised, 0, 0);
  }

  /**
   * @param {import("./camera.js").Camera} camera
   * @param {{dim: number, ink: number[]}} look how faint hidden points are, and the colour of the seed's ring
   */
  draw(camera, look) {
    const gl = this.gl, u = (name) => gl.getUniformLocation(this.program, name);
    gl.viewport(0, 0, gl.canvas.width, gl.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    if (!this.count || !this.buffers.mark || !this.buffers.colour) return;
    gl.uniform2f(u("centre"), camera.x, camera.y);
    gl.uniform2f(u("scale"), (2 * camera.zoom) / camera.width, (-2 * camera.zoom) / camera.height);
    const crowd = Math.min(14, Math.max(3.2, 260 / Math.sqrt(this.count)));
    gl.uniform1f(u("size"), crowd * devicePixelRatio * Math.min(2.2, Math.sqrt(camera.magnification)));
    gl.uniform1f(u("dim"), look.dim);
    gl.uniform3fv(u("ink"), look.ink);
    gl.drawArrays(gl.POINTS, 0, this.count);
  }
}

function link(gl) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "shader");
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "program");
  return program;
}
