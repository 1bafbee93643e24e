/** Which part of the map is shown. Places lie in [0, 1], y downwards; sizes are in CSS pixels. */

const MOST = 400;

export class Camera {
  constructor() {
    Object.assign(this, { x: 0.5, y: 0.5, width: 1, height: 1, magnification: 1 });
  }

  /** Pixels a unit. */
  get zoom() { return 0.92 * Math.min(this.width, this.height) * this.magnification; }

  resize(width, height) { Object.assign(this, { width, height }); }

  /** @returns {[number, number]} pixels of a place */
  toScreen(x, y) { return [(x - this.x) * this.zoom + this.width / 2, (y - this.y) * this.zoom + this.height / 2]; }

  /** @returns {[number, number]} the place of pixels */
  toPlace(px, py) { return [(px - this.width / 2) / this.zoom + this.x, (py - this.height / 2) / this.zoom + this.y]; }

  pan(dx, dy) {
    this.x = clamp(this.x - dx / this.zoom);
    this.y = clamp(this.y - dy / this.zoom);
  }

  /** Magnify about a pixel, which stays where it is. */
  magnify(factor, px, py) {
    const [x, y] = this.toPlace(px, py);
    this.magnification = Math.min(MOST, Math.max(1, this.magnification * factor));
    const [nx, ny] = this.toPlace(px, py);
    this.x = clamp(this.x + x - nx);
    this.y = clamp(this.y + y - ny);
  }

  whole() { Object.assign(this, { x: 0.5, y: 0.5, magnification: 1 }); }
}

const clamp = (value) => Math.min(1, Math.max(0, value));
