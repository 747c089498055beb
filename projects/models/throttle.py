"""Counters that slow people down. They never lock anybody out."""

from django.db import models


class Bucket(models.Model):
    """How full a leaky bucket was at updated_at. The key is a hash: nothing personal."""

    key = models.CharField(max_length=64, unique=True)
    level = models.FloatField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["updated_at"], name="projects_bucket_age")]

    def __str__(self) -> str:
        return self.key
