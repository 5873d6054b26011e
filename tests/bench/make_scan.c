/*
 * A synthetic scan for `make bench`: make_scan WIDTH HEIGHT SEED gray16|rgb8 writes a PGM or PPM.
 *
 * Overlapping ellipses of some thickness on a faint column pattern, shot noise of a detector that
 * counts 20,000 photons, times three to fill 16 bits; in colour, the upper eight bits through a
 * palette as screens of scanners show them. Nothing is read; the same seed gives the same picture.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHAPES  60
#define PHOTONS 20000.0

static uint64_t state;

static double uniform(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (double)(state >> 11) / 9007199254740992.0;
}

/* Sum of uniforms: near enough to a normal deviate for noise. */
static double deviate(void)
{
	return (uniform() + uniform() + uniform() + uniform() - 2.0) * 1.7320508;
}

struct ellipse {
	double x, y, a, b, thickness;
};

static double thickness_at(const struct ellipse *e, double x, double y)
{
	double t = 0;

	for (int i = 0; i < SHAPES; i++) {
		double dx = (x - e[i].x) / e[i].a, dy = (y - e[i].y) / e[i].b;
		if (dx * dx + dy * dy < 1.0)
			t += e[i].thickness;
	}
	return t;
}

static void put(unsigned v, int colour)
{
	if (!colour) {
		(void)putchar((int)(v >> 8));
		(void)putchar((int)(v & 255));
		return;
	}
	unsigned high = v >> 8;
	(void)putchar((int)(255 - high));
	(void)putchar((int)(high < 128 ? high * 2 : 510 - high * 2));
	(void)putchar((int)high);
}

int main(int argc, char **argv)
{
	struct ellipse e[SHAPES];

	if (argc != 5)
		return EXIT_FAILURE;
	unsigned width = (unsigned)atoi(argv[1]), height = (unsigned)atoi(argv[2]);
	int colour = strcmp(argv[4], "rgb8") == 0;
	state = (uint64_t)atoi(argv[3]) * 0x9E3779B97F4A7C15U + 1;
	for (int i = 0; i < SHAPES; i++)
		e[i] = (struct ellipse){.x = uniform() * width,
		                        .y = uniform() * height,
		                        .a = (0.02 + 0.2 * uniform()) * width,
		                        .b = (0.02 + 0.2 * uniform()) * height,
		                        .thickness = 0.05 + 0.4 * uniform()};
	(void)printf("P%d\n%u %u\n%d\n", colour ? 6 : 5, width, height, colour ? 255 : 65535);
	for (unsigned y = 0; y < height; y++) {
		double line = 0;
		for (unsigned x = 0; x < width; x++) {
			if (x % 4 == 0)
				line = PHOTONS * exp(-thickness_at(e, x, y)) *
				       (1.0 + 0.01 * (x / 4 % 8 == 0));
			double v = 3.0 * (line + sqrt(line) * deviate());
			put(v < 0 ? 0 : (v > 65535 ? 65535 : (unsigned)v), colour);
		}
	}
	return EXIT_SUCCESS;
}
