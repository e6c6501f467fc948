#ifndef INTERCOMD_LIBJPEG_H
#define INTERCOMD_LIBJPEG_H

#include <stddef.h>

enum { message_size = 200 }; /* JMSG_LENGTH_MAX */

typedef struct {
	unsigned char *y, *cb, *cr;
	int stride_y, stride_c;
	int width, height; /* of luma */
} picture;

/* Both return 0, or another value with a message. */
int picture_size(const unsigned char *data, size_t size, int *width, int *height, char message[message_size]);
int picture_decode(const unsigned char *data, size_t size, const picture *dst, char message[message_size]);

#endif
